# How segmentors are trained: bfloat16 on CPU and GPU alike, AdamW, from the first rate polynomially down to 0.
default_scope = 'semsynth'
iterations = 1000

optim_wrapper = dict(
    type='Bf16OptimWrapper', clip_grad=dict(max_norm=5),
    optimizer=dict(type='AdamW', lr=2e-3, weight_decay=0.01))
param_scheduler = [
    dict(type='LinearLR', start_factor=0.01, by_epoch=False, begin=0, end=50),
    dict(type='PolyLR', power=0.9, by_epoch=False, begin=50, end=iterations)]

train_cfg = dict(type='ResumableTrainLoop', max_iters=iterations, val_interval=iterations)
val_cfg = dict(type='ValLoop')
val_evaluator = dict(type='mmseg.IoUMetric', iou_metrics=['mIoU'])

default_hooks = dict(
    logger=dict(type='LoggerHook', interval=100, log_metric_by_epoch=False),
    checkpoint=dict(type='CheckpointHook', interval=500, by_epoch=False, max_keep_ckpts=2,
                    backend_args=dict(backend='atomic')))
custom_hooks = [dict(type='StrictCheckpointHook'), dict(type='IterationSeedHook')]
log_processor = dict(by_epoch=False)
randomness = dict(seed=0)

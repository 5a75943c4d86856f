# How segmentors are trained: AdamW, a short start, then the learning rate linearly to 0.
_base_ = 'default_runtime.py'

default_hooks = dict(
    runtime_info=dict(_delete_=True, type='RuntimeInfoHook'), pictures=None)
log_processor = dict(mean_pattern=r'loss|time')

optim_wrapper = dict(
    type='PlayerOptimWrapper', clip_grad=dict(max_norm=5),
    optimizer=dict(type='AdamW', lr=4e-3, weight_decay=0.01))
param_scheduler = [
    dict(type='LinearLR', start_factor=0.01, by_epoch=False, begin=0, end=50),
    dict(type='LinearDecayLR', constant=0.3, by_epoch=False)]
train_cfg = dict(type='ResumableTrainLoop', max_iters=900, val_interval=900)
val_evaluator = dict(type='mmseg.IoUMetric')

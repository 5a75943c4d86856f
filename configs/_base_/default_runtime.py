# What every run has in common, whatever it trains. Checkpoints, pictures and the log are counted in iterations.
default_scope = 'semsynth'
default_hooks = dict(
    runtime_info=dict(type='DeferredInfoHook'),
    timer=dict(type='IterTimerHook'),
    logger=dict(type='LoggerHook', interval=50, log_metric_by_epoch=False),
    param_scheduler=dict(type='ParamSchedulerHook'),
    checkpoint=dict(type='CheckpointHook', by_epoch=False, interval=500, max_keep_ckpts=2,
                    backend_args=dict(backend='atomic')),
    seed=dict(type='IterationSeedHook'),
    strict=dict(type='StrictCheckpointHook'),
    pictures=dict(type='SamplePicturesHook', interval=500))
# A config adds, say, default_hooks=dict(ema=dict(type='GeneratorEMAHook', momentum=0.001)), or drops pictures=None.
log_processor = dict(type='LogProcessor', by_epoch=False, window_size=50,
                     mean_pattern=r'^(generator|discriminator)/|time')
visualizer = dict(type='Visualizer', vis_backends=[dict(type='LocalVisBackend'), dict(type='TensorboardVisBackend')])
env_cfg = dict(cudnn_benchmark=True, mp_cfg=dict(mp_start_method='fork', opencv_num_threads=0),
               dist_cfg=dict(backend='nccl'))
randomness = dict(seed=0)
# Of training: 'float32', 'bfloat16', or 'auto': bfloat16 on CPUs that have units for it, float32 elsewhere.
precision = 'auto'
log_level = 'INFO'
load_from = None
resume = False

val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')

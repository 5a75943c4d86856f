# pix2pixHD with a style per instance (3.4) on a handful of Cityscapes photos at 128x256: narrow, for 2 CPU cores, and
# without a test_evaluator. It shows the styles of real photos; so few photos teach no more.
_base_ = [
    '../_base_/models/pix2pixhd_small.py', '../_base_/datasets/cityscapes_few.py',
    '../_base_/schedules/pix2pixhd_short.py', '../_base_/default_runtime.py'
]
model = dict(encoder=dict(type='InstanceFeatureEncoder', out_channels=3, base_channels=16, num_downsamples=4))
train_cfg = dict(max_iters=2000, val_interval=2000)
default_hooks = dict(ema=dict(type='GeneratorEMAHook', momentum=0.002))

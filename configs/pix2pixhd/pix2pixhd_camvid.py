# pix2pixHD on CamVid at 96x128, no instance maps, for 2 CPU cores.
_base_ = [
    '../_base_/models/pix2pixhd_small.py', '../_base_/datasets/camvid_96x128.py', '../_base_/schedules/camvid.py',
    '../_base_/judges/camvid.py', '../_base_/default_runtime.py'
]
model = dict(data_preprocessor=dict(num_classes=_base_.num_classes, unknown=_base_.unknown))
default_hooks = dict(ema=dict(type='GeneratorEMAHook', momentum=0.002))

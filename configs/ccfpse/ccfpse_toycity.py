# CC-FPSE on ToyCity at 64x128, minutes on 2 CPU cores.
_base_ = [
    '../_base_/models/ccfpse_small.py', '../_base_/datasets/toycity_64x128.py', '../_base_/schedules/toycity_short.py',
    '../_base_/judges/toycity.py', '../_base_/default_runtime.py'
]
model = dict(
    data_preprocessor=dict(num_classes=_base_.num_classes, instances=True),
    segmentor=dict(type='Segmentor', config='configs/segmentors/unet_toycity.py',
                   checkpoint='work_dirs/unet_toycity/final.pth'))
default_hooks = dict(ema=dict(type='GeneratorEMAHook', momentum=0.002))

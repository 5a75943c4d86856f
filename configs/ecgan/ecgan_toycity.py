# ECGAN on ToyCity at 64x128, minutes on 2 CPU cores: what `make demo` trains.
_base_ = [
    '../_base_/models/ecgan_small.py', '../_base_/datasets/toycity_64x128.py', '../_base_/schedules/toycity_short.py',
    '../_base_/judges/toycity.py', '../_base_/default_runtime.py'
]
model = dict(
    data_preprocessor=dict(num_classes=_base_.num_classes, instances=True),
    generator=dict(head=dict(num_classes=_base_.num_classes)),
    segmentor=dict(type='Segmentor', config='configs/segmentors/unet_toycity.py',
                   checkpoint='work_dirs/unet_toycity/final.pth'))
train_dataloader = dict(dataset=dict(edges=dict()))
default_hooks = dict(
    ema=dict(type='GeneratorEMAHook', momentum=0.002), logger=dict(interval=25), checkpoint=dict(interval=100),
    pictures=dict(interval=100))

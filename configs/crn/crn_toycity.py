# CRN on ToyCity at 64x128, minutes on 2 CPU cores: narrow, and the label generator's features stand in for VGG's.
_base_ = [
    '../_base_/models/crn.py', '../_base_/datasets/toycity_64x128.py', '../_base_/schedules/toycity_short.py',
    '../_base_/judges/toycity.py', '../_base_/default_runtime.py'
]
model = dict(
    channels_last=True,
    data_preprocessor=dict(num_classes=_base_.num_classes),
    generator=dict(widths=(128, 128, 96, 64, 32)),
    segmentor=dict(type='Segmentor', config='configs/segmentors/unet_toycity.py',
                   checkpoint='work_dirs/unet_toycity/final.pth'),
    losses=dict(regression=None, perceptual=dict(type='SegmentorFeatureLoss'), pixel=dict(type='L1Loss')))
train_dataloader = dict(dataset=dict(instances=False))
val_dataloader = dict(dataset=dict(instances=False))
test_dataloader = val_dataloader
optim_wrapper = dict(discriminator=None)
default_hooks = dict(
    ema=dict(type='GeneratorEMAHook', momentum=0.002), logger=dict(interval=25), checkpoint=dict(interval=100),
    pictures=dict(interval=100))

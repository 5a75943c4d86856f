# CRN on ToyCity at 64x128, minutes on 2 CPU cores: narrow, and the label generator's features stand in for VGG's.
_base_ = [
    '../_base_/models/crn.py', '../_base_/datasets/toycity.py', '../_base_/schedules/toycity_short.py',
    '../_base_/judges/toycity.py', '../_base_/default_runtime.py'
]
data_preprocessor = dict(instances=False)
model = dict(
    channels_last=True,
    generator=dict(widths=(128, 128, 96, 64, 32)),
    segmentor=_base_.label_generator,
    losses=dict(regression=None, perceptual=dict(type='SegmentorFeatureLoss'), pixel=dict(type='L1Loss')))
optim_wrapper = dict(discriminator=None)
param_scheduler = dict(_delete_=True, generator=_base_.param_scheduler.generator)
default_hooks = dict(
    ema=dict(type='GeneratorEMAHook', momentum=0.002), logger=dict(interval=25), checkpoint=dict(interval=100),
    pictures=dict(interval=100))

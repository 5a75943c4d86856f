# pix2pix on ToyCity at 64x128, minutes on 2 CPU cores: U-Net and discriminator narrowed, six halvings to 1x2.
_base_ = [
    '../_base_/models/pix2pix.py', '../_base_/datasets/toycity.py', '../_base_/schedules/toycity_short.py',
    '../_base_/judges/toycity.py', '../_base_/default_runtime.py'
]
data_preprocessor = dict(instances=False)
model = dict(
    channels_last=True,
    generator=dict(base_channels=24, num_downsamples=6),
    discriminator=dict(base_channels=24))
default_hooks = dict(
    ema=dict(type='GeneratorEMAHook', momentum=0.002), logger=dict(interval=25), checkpoint=dict(interval=100),
    pictures=dict(interval=100))

# The generator with a label encoder on CamVid under OASIS's discriminator and losses.
_base_ = [
    '../../_base_/models/oasis_small.py', '../../_base_/datasets/camvid.py', '../../_base_/schedules/camvid.py',
    '../../_base_/judges/camvid_360x480.py', '../../_base_/default_runtime.py'
]
model = dict(generator=dict(
    _delete_=True, type='LabelEncoderGenerator', base_channels=16, latent_dim=64, norm='instance', hidden_channels=32,
    encoder_channels=16))
train_cfg = dict(max_iters=710, val_interval=710)
default_hooks = dict(ema=dict(type='GeneratorEMAHook', momentum=0.002))
row = dict(like='../discriminators_toycity/oasis_discriminator.py')

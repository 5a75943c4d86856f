# OASIS's generator on CamVid under the discriminator on a frozen network.
_base_ = [
    '../../_base_/models/dp_sims_style_small.py', '../../_base_/datasets/camvid.py', '../../_base_/schedules/camvid.py',
    '../../_base_/judges/camvid_360x480.py', '../../_base_/default_runtime.py'
]
model = dict(generator=dict(
    _delete_=True, type='OASISGenerator', base_channels=16, latent_dim=64, hidden_channels=32, norm='instance'))
train_cfg = dict(max_iters=570, val_interval=570)
default_hooks = dict(ema=dict(type='GeneratorEMAHook', momentum=0.002))
row = dict(like='../discriminators_toycity/oasis_generator.py')

# pix2pixHD's generator on CamVid under the discriminator on a frozen network.
_base_ = [
    '../../_base_/models/dp_sims_style_small.py', '../../_base_/datasets/camvid.py', '../../_base_/schedules/camvid.py',
    '../../_base_/judges/camvid_360x480.py', '../../_base_/default_runtime.py'
]
model = dict(
    generator=dict(_delete_=True, type='GlobalGenerator', base_channels=24, num_downsamples=2, num_blocks=6),
    losses=dict(diversity=None))
train_cfg = dict(max_iters=1080, val_interval=1080)
default_hooks = dict(ema=dict(type='GeneratorEMAHook', momentum=0.002))
row = dict(like='../discriminators_toycity/pix2pixhd_generator.py')

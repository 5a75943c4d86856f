# DP-SIMS style on CamVid, for as long as the other rows train.
_base_ = [
    '../../_base_/models/dp_sims_style_small.py', '../../_base_/datasets/camvid.py', '../../_base_/schedules/camvid.py',
    '../../_base_/judges/camvid_360x480.py', '../../_base_/default_runtime.py'
]
train_cfg = dict(max_iters=770, val_interval=770)
default_hooks = dict(ema=dict(type='GeneratorEMAHook', momentum=0.002))
row = dict(like='../discriminators_toycity/dp_sims_style.py')

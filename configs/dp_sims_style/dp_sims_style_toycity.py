# DP-SIMS style on ToyCity at 64x128, minutes on 2 CPU cores. It needs pip install 'semsynth[weights]'.
_base_ = [
    '../_base_/models/dp_sims_style_small.py', '../_base_/datasets/toycity.py', '../_base_/schedules/toycity_short.py',
    '../_base_/judges/toycity.py', '../_base_/default_runtime.py'
]
data_preprocessor = dict(instances=False)
train_cfg = dict(max_iters=800, val_interval=800)
default_hooks = dict(
    ema=dict(type='GeneratorEMAHook', momentum=0.002), logger=dict(interval=25), checkpoint=dict(interval=100),
    pictures=dict(interval=100))

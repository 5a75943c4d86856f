# OASIS on ToyCity at 64x128, from labels alone, minutes on 2 CPU cores.
_base_ = [
    '../_base_/models/oasis_small.py', '../_base_/datasets/toycity.py', '../_base_/schedules/toycity_short.py',
    '../_base_/judges/toycity.py', '../_base_/default_runtime.py'
]
data_preprocessor = dict(instances=False)
# Without feature matching and perceptual loss it takes longer than other methods.
train_cfg = dict(max_iters=800, val_interval=800)
default_hooks = dict(
    ema=dict(type='GeneratorEMAHook', momentum=0.002), logger=dict(interval=25), checkpoint=dict(interval=100),
    pictures=dict(interval=100))

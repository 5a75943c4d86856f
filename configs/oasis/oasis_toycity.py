# OASIS on ToyCity at 64x128, from labels alone, minutes on 2 CPU cores.
_base_ = [
    '../_base_/models/oasis_small.py', '../_base_/datasets/toycity_64x128.py', '../_base_/schedules/toycity_short.py',
    '../_base_/judges/toycity.py', '../_base_/default_runtime.py'
]
model = dict(
    data_preprocessor=dict(num_classes=_base_.num_classes),
    discriminator=dict(num_classes=_base_.num_classes))
train_dataloader = dict(dataset=dict(instances=False))
val_dataloader = dict(dataset=dict(instances=False))
test_dataloader = val_dataloader
# Without feature matching and perceptual loss it takes longer than other methods.
train_cfg = dict(max_iters=800, val_interval=800)
default_hooks = dict(
    ema=dict(type='GeneratorEMAHook', momentum=0.002), logger=dict(interval=25), checkpoint=dict(interval=100),
    pictures=dict(interval=100))

# OASIS on Cityscapes at 256x512, from labels alone, total batch 20: batch_size is per rank.
_base_ = [
    '../_base_/models/oasis.py', '../_base_/datasets/cityscapes.py', '../_base_/schedules/oasis_200e.py',
    '../_base_/judges/cityscapes.py', '../_base_/default_runtime.py'
]
batch_size = 20
# OASIS takes Cityscapes' class 0, unlabeled, for the unknown one: its losses leave these pixels out.
data_preprocessor = dict(unknown=0, instances=False)
model = dict(losses=dict(label_mix=dict(weight=5)))
optim_wrapper = dict(generator=dict(optimizer=dict(lr=4e-4)))
# Each use of the average takes 50 batches to refresh its batch norms: use it seldom.
default_hooks = dict(
    ema=dict(type='GeneratorEMAHook', momentum=1e-3, refresh=50), checkpoint=dict(interval=5000),
    pictures=dict(interval=5000))

# DP-SIMS style on Cityscapes at 256x512, from labels alone, total batch 20: batch_size is per rank.
# The schedule is OASIS's. It needs pip install 'semsynth[weights]'.
_base_ = [
    '../_base_/models/dp_sims_style.py', '../_base_/datasets/cityscapes.py', '../_base_/schedules/oasis_200e.py',
    '../_base_/judges/cityscapes.py', '../_base_/default_runtime.py'
]
batch_size = 20
# As OASIS has it: class 0, unlabeled, is the unknown one, whose pixels the losses leave out.
data_preprocessor = dict(unknown=0, instances=False)
optim_wrapper = dict(generator=dict(optimizer=dict(lr=4e-4)))
# Each use of the average takes 50 batches to refresh its batch norms: use it seldom.
default_hooks = dict(
    ema=dict(type='GeneratorEMAHook', momentum=1e-3, refresh=50), checkpoint=dict(interval=5000),
    pictures=dict(interval=5000))

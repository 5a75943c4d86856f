# DP-SIMS style on COCO-Stuff at 256x256, from labels alone, 100 epochs, total batch 32: batch_size is per rank. The
# losses leave out unknown pixels, index 182. The schedule is OASIS's. It needs pip install 'semsynth[weights]'.
_base_ = [
    '../_base_/models/dp_sims_style.py', '../_base_/datasets/coco_stuff.py', '../_base_/schedules/oasis_200e.py',
    '../_base_/judges/coco_stuff.py', '../_base_/default_runtime.py'
]
data_preprocessor = dict(instances=False)
train_cfg = dict(max_epochs=100)
# Each use of the average takes 50 batches to refresh its batch norms: use it seldom.
default_hooks = dict(
    ema=dict(type='GeneratorEMAHook', momentum=1e-4, refresh=50), checkpoint=dict(interval=5000),
    pictures=dict(interval=5000))

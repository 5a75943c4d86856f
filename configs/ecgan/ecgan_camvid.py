# ECGAN on CamVid at 96x128, no instance maps, for 2 CPU cores.
_base_ = [
    '../_base_/models/ecgan_small.py', '../_base_/datasets/camvid.py', '../_base_/schedules/camvid.py',
    '../_base_/judges/camvid.py', '../_base_/default_runtime.py'
]
model = dict(segmentor=_base_.label_generator)
train_dataloader = dict(dataset=dict(edges=dict()))
default_hooks = dict(ema=dict(type='GeneratorEMAHook', momentum=0.002))

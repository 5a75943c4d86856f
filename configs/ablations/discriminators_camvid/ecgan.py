# All of ECGAN on CamVid, for as long as the other rows train.
_base_ = [
    '../../_base_/models/ecgan_small.py', '../../_base_/datasets/camvid.py', '../../_base_/schedules/camvid.py',
    '../../_base_/judges/camvid_360x480.py', '../../_base_/default_runtime.py'
]
model = dict(segmentor=_base_.label_generator)
train_dataloader = dict(dataset=dict(edges=dict()))
train_cfg = dict(max_iters=500, val_interval=500)
default_hooks = dict(ema=dict(type='GeneratorEMAHook', momentum=0.002))
row = dict(like='../discriminators_toycity/ecgan.py')

# DP-SIMS style on CamVid with the perceptual term of SPADE and ECGAN, which learn from the label generator.
_base_ = [
    '../../_base_/models/dp_sims_style_small.py', '../../_base_/datasets/camvid.py', '../../_base_/schedules/camvid.py',
    '../../_base_/judges/camvid_360x480.py', '../../_base_/default_runtime.py'
]
model = dict(segmentor=_base_.label_generator, losses=dict(perceptual=dict(type='SegmentorFeatureLoss', weight=5)))
train_cfg = dict(max_iters=660, val_interval=660)
default_hooks = dict(ema=dict(type='GeneratorEMAHook', momentum=0.002))
row = dict(like='../discriminators_toycity/dp_sims_style_label_generator.py')

# DP-SIMS style with the perceptual term of SPADE and ECGAN: all three learn from the label generator, whose task is the
# judge's.
_base_ = '../../dp_sims_style/dp_sims_style_toycity.py'
model = dict(segmentor=_base_.label_generator, losses=dict(perceptual=dict(type='SegmentorFeatureLoss', weight=5)))
# 0.79 s a step on one core of an AMD EPYC processor, in bfloat16: 420 s in all.
train_cfg = dict(max_iters=530, val_interval=530)
test_evaluator = [*_base_.test_evaluator, dict(type='FrechetEfficientNetLite1')]
row = dict(title='DP-SIMS style, label generator', order=9)

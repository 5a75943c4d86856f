# DP-SIMS style, for as long as the other rows train.
_base_ = '../../dp_sims_style/dp_sims_style_toycity.py'
# 0.68 s a step on one core of an AMD EPYC processor, in bfloat16: 420 s in all.
train_cfg = dict(max_iters=610, val_interval=610)
test_evaluator = [*_base_.test_evaluator, dict(type='FrechetEfficientNetLite1')]
row = dict(title='DP-SIMS style', order=4)

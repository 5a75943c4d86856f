# DP-SIMS style, for as long as the other rows train.
_base_ = '../../dp_sims_style/dp_sims_style_toycity.py'
train_cfg = dict(max_iters=530, val_interval=530)
test_evaluator = [*_base_.test_evaluator, dict(type='FrechetEfficientNetLite1')]
row = dict(title='DP-SIMS style', order=4)

# SPADE, for as long as the other rows train.
_base_ = '../../spade/spade_toycity.py'
# 0.71 s a step on one core of an AMD EPYC processor, in bfloat16: 420 s in all.
train_cfg = dict(max_iters=590, val_interval=590)
test_evaluator = [*_base_.test_evaluator, dict(type='FrechetEfficientNetLite1')]
row = dict(title='SPADE', order=1)

# OASIS, for as long as the other rows train.
_base_ = '../../oasis/oasis_toycity.py'
# 0.97 s a step on one core of an AMD EPYC processor, in bfloat16: 420 s in all.
train_cfg = dict(max_iters=430, val_interval=430)
test_evaluator = [*_base_.test_evaluator, dict(type='FrechetEfficientNetLite1')]
row = dict(title='OASIS', order=3)

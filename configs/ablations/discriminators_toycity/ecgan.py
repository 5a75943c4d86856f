# All of ECGAN, for as long as the other rows train.
_base_ = '../../ecgan/ecgan_toycity.py'
# 1.06 s a step on one core of an AMD EPYC processor, in bfloat16: 420 s in all.
train_cfg = dict(max_iters=400, val_interval=400)
test_evaluator = [*_base_.test_evaluator, dict(type='FrechetEfficientNetLite1')]
row = dict(title='ECGAN', order=2)

# ECGAN's tables 1 and 2 on ToyCity: ECGAN.
_base_ = '../../ecgan/ecgan_toycity.py'
train_cfg = dict(max_iters=400, val_interval=400)
row = dict(title='ECGAN', order=9)

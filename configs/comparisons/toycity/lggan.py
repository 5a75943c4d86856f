# ECGAN's tables 1 and 2 on ToyCity: LGGAN.
_base_ = '../../lggan/lggan_toycity.py'
train_cfg = dict(max_iters=400, val_interval=400)
row = dict(title='LGGAN', order=5)

# ECGAN's tables 1 and 2 on ToyCity: DAGAN.
_base_ = '../../dagan/dagan_toycity.py'
train_cfg = dict(max_iters=400, val_interval=400)
row = dict(title='DAGAN', order=4)

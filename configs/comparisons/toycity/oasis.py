# ECGAN's tables 1 and 2 on ToyCity: OASIS.
_base_ = '../../oasis/oasis_toycity.py'
train_cfg = dict(max_iters=400, val_interval=400)
row = dict(title='OASIS', order=8)

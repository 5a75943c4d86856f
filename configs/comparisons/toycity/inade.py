# Beside ECGAN's tables, ToyCity: INADE.
_base_ = '../../inade/inade_toycity.py'
train_cfg = dict(max_iters=400, val_interval=400)
row = dict(title='INADE', order=12)

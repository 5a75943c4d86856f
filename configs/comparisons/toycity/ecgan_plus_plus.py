# Beside ECGAN's tables, ToyCity: ECGAN, contrast at several scales.
_base_ = '../../ecgan/ecgan_plus_plus_toycity.py'
train_cfg = dict(max_iters=400, val_interval=400)
row = dict(title='ECGAN, contrast at several scales', order=9.5)

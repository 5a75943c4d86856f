# Beside ECGAN's tables, ToyCity: ECGAN, contrast at several scales.
_base_ = '../../ecgan/ecgan_toycity.py'
model = dict(losses=dict(contrastive=dict(scales=(1, 2, 4))))
train_cfg = dict(max_iters=400, val_interval=400)
row = dict(title='ECGAN, contrast at several scales', order=9.5)

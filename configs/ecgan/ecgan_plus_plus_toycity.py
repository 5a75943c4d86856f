# ECGAN with the multi-scale contrast of its journal version, ECGAN++, on ToyCity at 64x128.
_base_ = 'ecgan_toycity.py'
model = dict(losses=dict(contrastive=dict(scales=(1, 2, 4))))

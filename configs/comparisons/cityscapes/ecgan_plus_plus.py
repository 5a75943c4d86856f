# Beside ECGAN's tables, Cityscapes: ECGAN, contrast at several scales.
_base_ = '../../ecgan/ecgan_cityscapes.py'
model = dict(losses=dict(contrastive=dict(scales=(1, 2, 4))))
row = dict(title='ECGAN, contrast at several scales', order=9.5)

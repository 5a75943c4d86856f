# Beside ECGAN's tables, Cityscapes: ECGAN, contrast at several scales.
_base_ = '../../ecgan/ecgan_plus_plus_cityscapes.py'
row = dict(title='ECGAN, contrast at several scales', order=9.5)

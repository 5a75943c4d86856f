# Beside ECGAN's tables, Cityscapes: INADE.
_base_ = '../../inade/inade_cityscapes.py'
row = dict(title='INADE', order=12)

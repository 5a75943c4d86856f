# Beside ECGAN's tables, ADE20K: INADE.
_base_ = '../../inade/inade_ade20k.py'
row = dict(title='INADE', order=12)

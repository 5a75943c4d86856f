# Beside ECGAN's tables, COCO-Stuff: INADE.
_base_ = '../../inade/inade_coco_stuff.py'
row = dict(title='INADE', order=12)

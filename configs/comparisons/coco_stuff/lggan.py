# Beside ECGAN's tables, which have no figures of it on COCO-Stuff: LGGAN.
_base_ = '../../lggan/lggan_coco_stuff.py'
row = dict(title='LGGAN', order=5)

# Beside ECGAN's tables, which have no figures of it on COCO-Stuff: DAGAN.
_base_ = '../../dagan/dagan_coco_stuff.py'
row = dict(title='DAGAN', order=4)

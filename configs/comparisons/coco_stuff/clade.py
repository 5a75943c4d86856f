# Beside ECGAN's tables, COCO-Stuff: CLADE.
_base_ = '../../clade/clade_coco_stuff.py'
row = dict(title='CLADE', order=10)

# Beside ECGAN's tables, COCO-Stuff: CLADE with positions.
_base_ = '../../clade/clade_icpe_coco_stuff.py'
row = dict(title='CLADE with positions', order=11)

# Beside ECGAN's tables, Cityscapes: CLADE.
_base_ = '../../clade/clade_cityscapes.py'
row = dict(title='CLADE', order=10)

# Beside ECGAN's tables, Cityscapes: CLADE with positions.
_base_ = '../../clade/clade_icpe_cityscapes.py'
row = dict(title='CLADE with positions', order=11)

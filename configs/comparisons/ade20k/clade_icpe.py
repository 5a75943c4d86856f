# Beside ECGAN's tables, ADE20K: CLADE with positions.
_base_ = '../../clade/clade_icpe_ade20k.py'
row = dict(title='CLADE with positions', order=11)

# Beside ECGAN's tables, ADE20K: CLADE.
_base_ = '../../clade/clade_ade20k.py'
row = dict(title='CLADE', order=10)

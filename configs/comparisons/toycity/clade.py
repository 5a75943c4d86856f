# Beside ECGAN's tables, ToyCity: CLADE.
_base_ = '../../clade/clade_toycity.py'
train_cfg = dict(max_iters=400, val_interval=400)
row = dict(title='CLADE', order=10)

# Beside ECGAN's tables, ToyCity: CLADE with positions.
_base_ = '../../clade/clade_icpe_toycity.py'
train_cfg = dict(max_iters=400, val_interval=400)
row = dict(title='CLADE with positions', order=11)

# Beside ECGAN's tables, ToyCity: DP-SIMS style.
_base_ = '../../dp_sims_style/dp_sims_style_toycity.py'
train_cfg = dict(max_iters=400, val_interval=400)
row = dict(title='DP-SIMS style', order=13)

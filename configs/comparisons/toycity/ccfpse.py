# ECGAN's tables 1 and 2 on ToyCity: CC-FPSE.
_base_ = '../../ccfpse/ccfpse_toycity.py'
train_cfg = dict(max_iters=400, val_interval=400)
row = dict(title='CC-FPSE', order=6)

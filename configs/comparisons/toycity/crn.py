# ECGAN's tables 1 and 2 on ToyCity: CRN.
_base_ = '../../crn/crn_toycity.py'
train_cfg = dict(max_iters=400, val_interval=400)
row = dict(title='CRN', order=1)

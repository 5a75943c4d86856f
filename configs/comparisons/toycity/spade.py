# ECGAN's tables 1 and 2 on ToyCity: SPADE (GauGAN).
_base_ = '../../spade/spade_toycity.py'
train_cfg = dict(max_iters=400, val_interval=400)
row = dict(title='SPADE (GauGAN)', order=7)

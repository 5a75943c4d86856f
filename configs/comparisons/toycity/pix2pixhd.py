# ECGAN's tables 1 and 2 on ToyCity: pix2pixHD.
_base_ = '../../pix2pixhd/pix2pixhd_toycity.py'
train_cfg = dict(max_iters=400, val_interval=400)
row = dict(title='pix2pixHD', order=3)

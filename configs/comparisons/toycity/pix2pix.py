# pix2pixHD's table 1 on ToyCity: pix2pix.
_base_ = '../../pix2pix/pix2pix_toycity.py'
train_cfg = dict(max_iters=400, val_interval=400)
row = dict(title='pix2pix', order=0)

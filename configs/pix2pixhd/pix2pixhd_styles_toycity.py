# pix2pixHD with a style per instance (3.4) on ToyCity at 64x128, some minutes on 2 CPU cores: a smaller encoder, and
# longer than without styles, for the generator takes a while to read them.
_base_ = 'pix2pixhd_toycity.py'
model = dict(encoder=dict(type='InstanceFeatureEncoder', out_channels=3, base_channels=12, num_downsamples=2))
train_cfg = dict(max_iters=1500, val_interval=1500)

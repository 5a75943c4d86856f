# pix2pixHD with a style per instance (3.4) on ToyCity at 64x128, minutes on 2 CPU cores: a smaller encoder.
_base_ = 'pix2pixhd_toycity.py'
model = dict(encoder=dict(type='InstanceFeatureEncoder', out_channels=3, base_channels=12, num_downsamples=3))

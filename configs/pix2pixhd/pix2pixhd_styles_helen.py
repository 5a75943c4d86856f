# pix2pixHD's global generator on Helen faces at 1024x1024 with a style per class and photo: there are no instance maps.
_base_ = 'pix2pixhd_helen.py'
model = dict(encoder=dict(type='InstanceFeatureEncoder', out_channels=3, base_channels=16, num_downsamples=4))

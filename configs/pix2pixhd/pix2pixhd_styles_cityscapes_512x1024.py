# pix2pixHD's global generator on Cityscapes at 512x1024 with a style per instance (3.4), encoder and generator trained
# together. Then semsynth encode_styles.
_base_ = 'pix2pixhd_global_cityscapes_512x1024.py'
model = dict(encoder=dict(type='InstanceFeatureEncoder', out_channels=3, base_channels=16, num_downsamples=4))

# ECGAN with pix2pixHD's style per instance (3.4), on ToyCity. Then semsynth encode_styles.
_base_ = '../ecgan/ecgan_toycity.py'
model = dict(encoder=dict(type='InstanceFeatureEncoder', out_channels=3, base_channels=12, num_downsamples=2))
train_cfg = dict(max_iters=1000, val_interval=1000)

# CC-FPSE's discriminator on ECGAN: it judges edges, I' and I'' as one batch, as ECGAN's own does.
_base_ = '../ecgan/ecgan_toycity.py'
model = dict(
    discriminator=dict(_delete_=True, type='FeaturePyramidDiscriminator', base_channels=24, init_gain=1.0),
    losses=dict(feature_matching=dict(normalise='ccfpse', weight=20)))

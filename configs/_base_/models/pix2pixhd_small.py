# pix2pixHD narrowed to 2 CPU cores: the whole method, but no VGG (its weights are half a gigabyte). Everything that the
# generator draws passes through its smallest size: 64x128 bears two halvings, as 512x1024 does four or five.
model = dict(
    type='Synthesizer',
    channels_last=True,
    generator=dict(type='GlobalGenerator', base_channels=24, num_downsamples=2, num_blocks=6,
                   head=dict(type='RGBHead')),
    discriminator=dict(type='MultiScaleDiscriminator', base_channels=24, num_layers=3, num_scales=2, norm='instance'),
    losses=dict(
        adversarial=dict(type='LeastSquaresLoss', reduction='sum', discriminator_weight=0.5),
        feature_matching=dict(type='FeatureMatchingLoss', normalise='pix2pixhd', weight=10)))

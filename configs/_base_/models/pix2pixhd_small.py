# pix2pixHD narrowed to 2 CPU cores: the whole method, but no VGG (its weights are half a gigabyte).
model = dict(
    type='Synthesizer',
    channels_last=True,
    data_preprocessor=dict(type='LayoutPreprocessor'),
    generator=dict(type='GlobalGenerator', base_channels=24, num_downsamples=3, num_blocks=4,
                   head=dict(type='RGBHead')),
    discriminator=dict(type='MultiScaleDiscriminator', base_channels=24, num_layers=3, num_scales=2, norm='instance'),
    losses=dict(
        adversarial=dict(type='LeastSquaresLoss', reduction='sum', discriminator_weight=0.5),
        feature_matching=dict(type='FeatureMatchingLoss', normalise='pix2pixhd', weight=10)))

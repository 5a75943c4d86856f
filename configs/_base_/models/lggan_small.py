# LGGAN narrowed to 2 CPU cores: the whole method, but no VGG (its weights are half a gigabyte).
model = dict(
    type='Synthesizer',
    channels_last=True,
    # Instance norm: 4 images are few to take statistics of a batch from. The released codes' initial gain, 0.02, would
    # cost both players hundreds of steps.
    generator=dict(type='LGGANGenerator', base_channels=16, hidden_channels=32, norm='instance', num_upsamples='normal',
                   num_blocks=4, init_gain=1.0, head=dict(type='LGGANHead', split=True, join='convolution')),
    discriminator=dict(type='MultiScaleDiscriminator', base_channels=24, num_layers=3, num_scales=2,
                       norm='spectral_instance', init_gain=1.0),
    losses=dict(
        adversarial=dict(type='HingeLoss', reduction='mean'),
        feature_matching=dict(type='FeatureMatchingLoss', normalise='spade', weight=10),
        # The label generator's features stand in for VGG's.
        perceptual=dict(type='SegmentorFeatureLoss', weight=5),
        class_score=dict(type='ClassScoreLoss'),
        local=dict(type='L1Loss', views=dict(class_specific=1))),
    reuse_outputs=False)

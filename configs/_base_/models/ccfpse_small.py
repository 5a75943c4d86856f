# CC-FPSE narrowed to 2 CPU cores: the whole method, but no VGG (its weights are half a gigabyte).
model = dict(
    type='Synthesizer',
    channels_last=True,
    # Instance norm: 4 images are few to take statistics of a batch from. The released codes' initial gain, 0.02, would
    # cost both players hundreds of steps.
    generator=dict(type='CCFPSEGenerator', base_channels=8, hidden_channels=16, pyramid_channels=16, norm='instance',
                   num_upsamples='normal', init_gain=1.0),
    discriminator=dict(type='FeaturePyramidDiscriminator', base_channels=24, init_gain=1.0),
    losses=dict(
        adversarial=dict(type='HingeLoss', reduction='mean'),
        feature_matching=dict(type='FeatureMatchingLoss', normalise='ccfpse', weight=20),
        # The label generator's features stand in for VGG's.
        perceptual=dict(type='SegmentorFeatureLoss', weight=5)),
    reuse_outputs=False)

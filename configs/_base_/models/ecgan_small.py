# ECGAN narrowed to 2 CPU cores: every part of the method, but no VGG (its weights are half a gigabyte).
model = dict(
    type='Synthesizer',
    channels_last=True,
    # Instance norm: 4 images are few to take statistics of a batch from. The released codes' initial gain, 0.02, would
    # cost both players hundreds of steps.
    generator=dict(type='SPADEGenerator', base_channels=16, hidden_channels=32, norm='instance', spectral='all',
                   num_upsamples='normal', init_gain=1.0,
                   head=dict(type='EdgeGuidedHead', num_layers=3, embedding_channels=16)),
    discriminator=dict(type='MultiScaleDiscriminator', base_channels=24, num_layers=3, num_scales=2,
                       norm='spectral_instance', init_gain=1.0),
    losses=dict(
        adversarial=dict(type='HingeLoss', reduction='mean'),
        feature_matching=dict(type='FeatureMatchingLoss', normalise='spade', weight=10),
        # The label generator's features stand in for VGG's.
        perceptual=dict(type='SegmentorFeatureLoss', weight=5),
        # Eq. 3 over every pair of pixels of every 4th row and column: all pairs cost seconds a step on a CPU.
        similarity=dict(type='SimilarityLoss', stride=4),
        # Across the images of all ranks and of past steps: "the 'global' context of the whole dataset" (3.3).
        contrastive=dict(type='ContrastiveLoss', memory=dict(per_class=64)),
        class_specific=dict(type='ClassSpecificLoss')))

# LGGAN (Tang et al., CVPR 2020): a global image, a local one made class by class, and their sum by learned weights.
model = dict(
    type='Synthesizer',
    generator=dict(type='LGGANGenerator', base_channels=64, norm='batch', num_upsamples='normal', num_blocks=9,
                   # 'convolution' makes the local image of the classes' in the released code; in the paper 'sum' does.
                   head=dict(type='LGGANHead', split=True, join='convolution')),
    discriminator=dict(type='MultiScaleDiscriminator', base_channels=64, num_layers=3, num_scales=2,
                       norm='spectral_instance'),
    # The image, the global one and the local one are judged alike.
    losses=dict(
        adversarial=dict(type='HingeLoss', reduction='mean'),
        feature_matching=dict(type='FeatureMatchingLoss', normalise='spade', weight=10),
        perceptual=dict(type='PerceptualLoss', weight=10),
        class_score=dict(type='ClassScoreLoss'),
        # Of every class's own image: the sum over the classes is a mean over all pixels, each of which has one class.
        # The released scripts switch the L1 loss of the three judged images off: pixel=dict(type='L1Loss') adds it.
        local=dict(type='L1Loss', views=dict(class_specific=1))),
    # The discriminator judges outputs of the updated generator.
    reuse_outputs=False)

# ECGAN (Tang et al., ICLR 2023): SPADE's generator as encoder E, edge guided head, multi-modality discriminator.
# Weights: lambda_c = lambda_s = lambda_l = 1, lambda_f = lambda_p = 10 (appendix B); lambda = 2, of I'', is the weight
# of the head's view 'image'.
model = dict(
    type='Synthesizer',
    # Spectral norm on all layers is appendix B; SPADE's own code spares some of them (spectral='spade').
    generator=dict(type='SPADEGenerator', base_channels=64, norm='batch', spectral='all', num_upsamples='more',
                   head=dict(type='EdgeGuidedHead', num_layers=3, embedding_channels=64)),
    # One discriminator for both modalities: it judges the views edge, coarse (I') and image (I''). By appendix B its
    # first and last convolution have spectral norm, too (spectral='all'); the released options are SPADE's, whose code
    # spares them: that is the default.
    discriminator=dict(type='MultiScaleDiscriminator', base_channels=64, num_layers=3, num_scales=2,
                       norm='spectral_instance', spectral='spade'),
    losses=dict(
        # Eqs. 8 and 9 are written with logarithms (type='VanillaLoss'); the released options train with the hinge loss,
        # as GauGAN does, on which ECGAN builds: that is the default.
        adversarial=dict(type='HingeLoss', reduction='mean'),
        feature_matching=dict(type='FeatureMatchingLoss', normalise='spade', weight=10),
        perceptual=dict(type='PerceptualLoss', weight=10),
        # Of I' and I'' alike (eq. 10).
        similarity=dict(type='SimilarityLoss'),
        # Across the images of all ranks and of past steps: "the 'global' context of the whole dataset" (3.3).
        contrastive=dict(type='ContrastiveLoss', memory=dict(per_class=64)),
        class_specific=dict(type='ClassSpecificLoss')))

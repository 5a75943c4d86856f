# OASIS (Sushko et al., ICLR 2021): a discriminator that segments is all the supervision: no VGG, no feature matching.
model = dict(
    type='Synthesizer',
    generator=dict(type='OASISGenerator', base_channels=64, latent_dim=64, norm='batch'),
    discriminator=dict(type='OASISDiscriminator', base_channels=64, num_downsamples=6),
    losses=dict(
        adversarial=dict(type='SegmentationAdversarialLoss'),
        # lambda_LM = 10; 5 on Cityscapes.
        label_mix=dict(type='LabelMixLoss', weight=10)),
    # The discriminator judges outputs of the updated generator.
    reuse_outputs=False)

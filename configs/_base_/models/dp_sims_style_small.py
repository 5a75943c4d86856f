# DP-SIMS style narrowed to 2 CPU cores: the whole method. It needs pip install 'semsynth[weights]'.
model = dict(
    type='Synthesizer',
    channels_last=True,
    # Instance norm: 4 images are few to take statistics of a batch from.
    generator=dict(type='LabelEncoderGenerator', base_channels=16, latent_dim=64, norm='instance', hidden_channels=32,
                   encoder_channels=16),
    discriminator=dict(type='BackboneDiscriminator', backbone='efficientnet_lite0', base_channels=16,
                       detail_channels=16),
    losses=dict(
        adversarial=dict(type='SegmentationAdversarialLoss', focus=2),
        # As large a gradient of the image as the adversarial term has after 150 steps.
        contrast=dict(type='PatchContrastLoss', weight=3),
        diversity=dict(type='DiversityLoss', weight=10, images=1)))

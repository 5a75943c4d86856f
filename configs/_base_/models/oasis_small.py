# OASIS narrowed to 2 CPU cores: the whole method.
model = dict(
    type='Synthesizer',
    channels_last=True,
    # Instance norm: 4 images are few to take statistics of a batch from.
    generator=dict(type='OASISGenerator', base_channels=16, latent_dim=64, hidden_channels=32, norm='instance'),
    # The released code's initial gain, 0.02, would cost it hundreds of steps.
    discriminator=dict(type='OASISDiscriminator', base_channels=16, num_downsamples=5, init_gain=1.0),
    losses=dict(
        adversarial=dict(type='SegmentationAdversarialLoss'),
        label_mix=dict(type='LabelMixLoss', weight=5)),
    reuse_outputs=False)

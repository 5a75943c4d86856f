# DP-SIMS style (after Berrada et al., CVPR 2024): a discriminator on a frozen ImageNet network, which segments.
# The paper's code is not public. docs/faithfulness.md lists what is ours: widths, weights, and more.
model = dict(
    type='Synthesizer',
    generator=dict(type='LabelEncoderGenerator', base_channels=64, latent_dim=256, norm='batch', hidden_channels=128,
                   encoder_channels=64),
    # Any classifier of torchvision or backbone of mmseg: backbone='convnext_large', for example.
    discriminator=dict(type='BackboneDiscriminator', backbone='efficientnet_lite0', base_channels=64,
                       detail_channels=32),
    losses=dict(
        adversarial=dict(type='SegmentationAdversarialLoss', focus=2),
        contrast=dict(type='PatchContrastLoss', weight=1),
        # Of all images of the batch: of one alone, batch norm would take other statistics.
        diversity=dict(type='DiversityLoss', weight=10)),
    # The discriminator judges outputs of the updated generator, as OASIS's does.
    reuse_outputs=False)

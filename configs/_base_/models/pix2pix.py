# pix2pix (Isola et al., CVPR 2017): U-Net, one PatchGAN with batch norm; cross entropy and L1.
model = dict(
    type='Synthesizer',
    # pix2pix takes batch norm's statistics from its batch of one image, also at test: that is this instance norm.
    generator=dict(type='UNetGenerator', base_channels=64, num_downsamples=8, norm='instance', dropout=0.5,
                   head=dict(type='RGBHead', kernel_size=1)),
    discriminator=dict(type='MultiScaleDiscriminator', base_channels=64, num_layers=3, num_scales=1, norm='batch'),
    losses=dict(
        # Half for the discriminator (3.3).
        adversarial=dict(type='VanillaLoss', discriminator_weight=0.5),
        pixel=dict(type='L1Loss', weight=100)))

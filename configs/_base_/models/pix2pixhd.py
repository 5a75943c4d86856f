# pix2pixHD (Wang et al., CVPR 2018): global generator, multi-scale discriminator; least squares, feature matching, VGG.
model = dict(
    type='Synthesizer',
    generator=dict(type='GlobalGenerator', base_channels=64, num_downsamples=4, num_blocks=9,
                   head=dict(type='RGBHead')),
    # The paper judges at 3 scales; the released scripts use 2 up to 1024x512.
    discriminator=dict(type='MultiScaleDiscriminator', base_channels=64, num_layers=3, num_scales=3, norm='instance'),
    losses=dict(
        # Summed over scales; half for the discriminator (released code).
        adversarial=dict(type='LeastSquaresLoss', reduction='sum', discriminator_weight=0.5),
        # lambda = 10; 'paper' is eq. 4 as printed, 'pix2pixhd' the released code's factor.
        feature_matching=dict(type='FeatureMatchingLoss', normalise='pix2pixhd', weight=10),
        perceptual=dict(type='PerceptualLoss', weight=10)))

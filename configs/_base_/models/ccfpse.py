# CC-FPSE (Liu et al., NeurIPS 2019), without a latent: configs/_base_/models/ccfpse_vae.py adds latent and encoder.
model = dict(
    type='Synthesizer',
    generator=dict(type='CCFPSEGenerator', base_channels=64, norm='batch', num_upsamples='normal'),
    discriminator=dict(type='FeaturePyramidDiscriminator', base_channels=64),
    losses=dict(
        adversarial=dict(type='HingeLoss', reduction='mean'),
        # The released training script's 20; the code's default is 10.
        feature_matching=dict(type='FeatureMatchingLoss', normalise='ccfpse', weight=20),
        perceptual=dict(type='PerceptualLoss', weight=10)),
    # The discriminator judges outputs of the updated generator, as SPADE's does.
    reuse_outputs=False)

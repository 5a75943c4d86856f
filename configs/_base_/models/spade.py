# SPADE, alias GauGAN (Park et al., CVPR 2019), without a latent: the small map that the generator grows is made of the
# layout. configs/_base_/models/spade_vae.py adds latent and encoder.
model = dict(
    type='Synthesizer',
    generator=dict(type='SPADEGenerator', base_channels=64, norm='batch', spectral='spade', num_upsamples='normal'),
    discriminator=dict(type='MultiScaleDiscriminator', base_channels=64, num_layers=3, num_scales=2,
                       norm='spectral_instance'),
    losses=dict(
        adversarial=dict(type='HingeLoss', reduction='mean'),
        feature_matching=dict(type='FeatureMatchingLoss', normalise='spade', weight=10),
        perceptual=dict(type='PerceptualLoss', weight=10)),
    # The discriminator judges outputs of the updated generator.
    reuse_outputs=False)

# INADE (Tan et al., CVPR 2021): SPADE, whose norms draw scale and shift of each object from a distribution of its
# class. In training an encoder takes the objects' noise from the photo; afterwards it is drawn from N(0, I).
_base_ = 'spade.py'
model = dict(
    generator=dict(modulation='inade', latent_dim=256),
    encoder=dict(type='ObjectNoiseEncoder', base_channels=64, latent_dim=256),
    losses=dict(
        feature_matching=dict(first=3),
        perceptual=dict(level_weights=(0, 0, 0, 1 / 4, 1)),
        kl=dict(type='KLLoss', weight=0.05)))

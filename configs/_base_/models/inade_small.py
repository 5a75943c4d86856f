# INADE narrowed to 2 CPU cores: the whole method, but no VGG.
_base_ = 'spade_small.py'
model = dict(
    generator=dict(modulation='inade', latent_dim=32, noise_channels=16, max_objects=61),
    encoder=dict(type='ObjectNoiseEncoder', base_channels=8, latent_dim=32, noise_channels=16, max_objects=61),
    losses=dict(feature_matching=dict(first=3), kl=dict(type='KLLoss', weight=0.05)))

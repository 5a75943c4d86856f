# SPADE with a latent on ToyCity at 64x128: several images of one layout, or one in the look of a photo.
_base_ = 'spade_toycity.py'
model = dict(
    generator=dict(latent_dim=32),
    encoder=dict(type='StyleEncoder', base_channels=16, latent_dim=32),
    losses=dict(kl=dict(type='KLLoss', weight=0.05)))

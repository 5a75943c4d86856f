# SPADE with a latent: in training an encoder takes it from the photo, and the KL term keeps it near N(0, I), from which
# it is drawn afterwards.
_base_ = 'spade.py'
model = dict(
    generator=dict(latent_dim=256),
    encoder=dict(type='StyleEncoder', base_channels=64, latent_dim=256),
    losses=dict(kl=dict(type='KLLoss', weight=0.05)))

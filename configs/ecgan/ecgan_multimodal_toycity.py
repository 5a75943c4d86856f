# ECGAN with style encoder and KL term (appendix C, figure 8) on ToyCity: several edge maps and images of one layout.
_base_ = 'ecgan_toycity.py'
model = dict(
    generator=dict(latent_dim=32),
    encoder=dict(type='StyleEncoder', base_channels=16, latent_dim=32),
    losses=dict(kl=dict(type='KLLoss', weight=0.05)))

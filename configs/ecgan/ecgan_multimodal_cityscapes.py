# ECGAN with style encoder and KL term (appendix C, figure 8): several edge maps and images of one layout.
_base_ = 'ecgan_cityscapes.py'
model = dict(
    generator=dict(latent_dim=256),
    encoder=dict(type='StyleEncoder', base_channels=64, latent_dim=256),
    losses=dict(kl=dict(type='KLLoss', weight=0.05)))

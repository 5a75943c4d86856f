# ECGAN with style encoder and KL term (appendix C, figure 8) on CamVid, whose photos are of days and of dusk.
_base_ = 'ecgan_camvid.py'
model = dict(
    generator=dict(latent_dim=32),
    encoder=dict(type='StyleEncoder', base_channels=16, latent_dim=32),
    losses=dict(kl=dict(type='KLLoss', weight=0.05)))

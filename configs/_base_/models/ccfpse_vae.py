# CC-FPSE as its script trains it: with a latent that an encoder takes from the photo, as SPADE's variant with an
# encoder.
_base_ = 'ccfpse.py'
model = dict(
    generator=dict(latent_dim=256),
    encoder=dict(type='StyleEncoder', base_channels=64, latent_dim=256),
    losses=dict(kl=dict(type='KLLoss', weight=0.05)))

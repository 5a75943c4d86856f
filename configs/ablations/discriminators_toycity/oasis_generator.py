# OASIS's generator under the discriminator on a frozen network: what the discriminator alone brings.
_base_ = '../../dp_sims_style/dp_sims_style_toycity.py'
model = dict(generator=dict(
    _delete_=True, type='OASISGenerator', base_channels=16, latent_dim=64, hidden_channels=32, norm='instance'))
train_cfg = dict(max_iters=360, val_interval=360)
test_evaluator = [*_base_.test_evaluator, dict(type='FrechetEfficientNetLite1')]
row = dict(title="OASIS's generator, frozen network", order=5)

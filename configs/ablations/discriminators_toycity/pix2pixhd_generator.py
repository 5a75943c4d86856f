# pix2pixHD's generator under the discriminator on a frozen network, in place of its own, of feature matching and of the
# perceptual loss. It reads no latent, so that there is no diversity to ask for.
_base_ = '../../dp_sims_style/dp_sims_style_toycity.py'
model = dict(
    generator=dict(_delete_=True, type='GlobalGenerator', base_channels=24, num_downsamples=2, num_blocks=6),
    losses=dict(diversity=None))
# 0.49 s a step on one core of an AMD EPYC processor, in bfloat16: 420 s in all.
train_cfg = dict(max_iters=860, val_interval=860)
test_evaluator = [*_base_.test_evaluator, dict(type='FrechetEfficientNetLite1')]
row = dict(title="pix2pixHD's generator, frozen network", order=7)

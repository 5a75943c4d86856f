# pix2pixHD on 50 of CamVid's 367 training photos, spread over its drives:
# what the discriminator judges is augmented with a probability that adapts.
_base_ = '../../pix2pixhd/pix2pixhd_camvid.py'
model = dict(discriminator=dict(
    _delete_=True, type='AdaptiveDiscriminator', discriminator=_base_.model.discriminator, middle=0.5, ramp=4000))
train_dataloader = dict(dataset=dict(most_scenes=50))
train_cfg = dict(max_iters=2000, val_interval=2000)
row = dict(title='50: adaptive', order=3)

# pix2pixHD on 50 of CamVid's 367 training photos, spread over its drives:
# what the discriminator judges is augmented by DiffAugment.
_base_ = '../../pix2pixhd/pix2pixhd_camvid.py'
model = dict(discriminator=dict(
    _delete_=True, type='AugmentedDiscriminator', discriminator=_base_.model.discriminator))
train_dataloader = dict(dataset=dict(most_scenes=50))
train_cfg = dict(max_iters=2000, val_interval=2000)
row = dict(title='50: DiffAugment', order=2)

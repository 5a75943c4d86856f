# pix2pixHD on 50 of CamVid's 367 training photos, spread over its drives:
# DiffAugment, rare classes, and people and bicycles pasted between scenes.
_base_ = '../../pix2pixhd/pix2pixhd_camvid.py'
model = dict(discriminator=dict(
    _delete_=True, type='AugmentedDiscriminator', discriminator=_base_.model.discriminator))
train_dataloader = dict(
    drop_last=True, sampler=dict(type='RareClassSampler'),
    dataset=dict(most_scenes=50, paste=dict(classes=['Pedestrian', 'Bicyclist'])))
train_cfg = dict(max_iters=2000, val_interval=2000)
row = dict(title='50: DiffAugment, rare classes, pasted', order=6)

# A handful of Cityscapes' photos at 128x256, which scaling, cropping and flipping make more of. Its validation set need
# not have photos: pictures and validation while training are of the training set.
_base_ = 'cityscapes.py'
image_size = (128, 256)
batch_size = 4
train_pipeline = [
    dict(type='LoadPhoto'), dict(type='LoadLabel'),
    dict(type='RandomResize', scale=image_size[::-1], ratio_range=(1, 1.5), resize_type='ResizeScene', keep_ratio=True),
    dict(type='mmseg.RandomCrop', crop_size=image_size), dict(type='mmseg.RandomFlip', prob=0.5),
    dict(type='PackScene')]

train_dataloader = dict(num_workers=2, dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(num_workers=1, dataset=dict(split='train'))
test_dataloader = dict(num_workers=1)

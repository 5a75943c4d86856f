# Cityscapes at 128x256 (height x width) for a handful of photos, which scaling, cropping and flipping make more of.
# Its validation set need not have photos: pictures and validation while training are of the training set.
_base_ = 'cityscapes_256x512.py'
image_size = (128, 256)

load = [dict(type='LoadPhoto'), dict(type='LoadLabel')]
train_pipeline = [
    *load,
    dict(type='RandomResize', scale=(256, 128), ratio_range=(1, 1.5), resize_type='ResizeScene', keep_ratio=True),
    dict(type='mmseg.RandomCrop', crop_size=image_size), dict(type='mmseg.RandomFlip', prob=0.5),
    dict(type='PackScene')]
val_pipeline = [*load, dict(type='ResizeScene', scale=image_size[::-1]), dict(type='PackScene')]

train_dataloader = dict(batch_size=4, num_workers=2, dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(batch_size=4, num_workers=1, dataset=dict(split='train', pipeline=val_pipeline))
test_dataloader = dict(batch_size=4, num_workers=1, dataset=dict(pipeline=val_pipeline))

# Cityscapes at 512x1024 (height x width), otherwise as at 256x512.
_base_ = 'cityscapes_256x512.py'
image_size = (512, 1024)

load = [dict(type='LoadPhoto'), dict(type='LoadLabel'), dict(type='ResizeScene', scale=image_size[::-1])]
train_pipeline = [*load, dict(type='mmseg.RandomFlip', prob=0.5), dict(type='PackScene')]
val_pipeline = [*load, dict(type='PackScene')]

train_dataloader = dict(batch_size=1, dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(batch_size=1, dataset=dict(pipeline=val_pipeline))
test_dataloader = val_dataloader

# ADE20K at 256x256, whatever a picture's shape: 150 classes and the unknown one, no instance maps. Training crops it
# from 286x286 and flips with p = 0.5 (SPADE).
data_root = '{{$ADE20K_ROOT:data/ade20k}}'
image_size = (256, 256)
num_classes = 151
unknown = 0
instances = False
class_map = 'ade20k_151_to_150'

load = [dict(type='LoadPhoto'), dict(type='LoadLabel')]
train_pipeline = [*load, dict(type='ResizeScene', scale=(286, 286)),
                  dict(type='mmseg.RandomCrop', crop_size=image_size), dict(type='mmseg.RandomFlip', prob=0.5),
                  dict(type='PackScene')]
val_pipeline = [*load, dict(type='ResizeScene', scale=image_size[::-1]), dict(type='PackScene')]

train_dataloader = dict(
    batch_size=32, num_workers=4, persistent_workers=True, drop_last=True,
    sampler=dict(type='ResumableSampler', shuffle=True),
    dataset=dict(type='ADE20KDataset', data_root=data_root, split='training', pipeline=train_pipeline))
val_dataloader = dict(
    batch_size=4, num_workers=4, persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(type='ADE20KDataset', data_root=data_root, split='validation', test_mode=True,
                 pipeline=val_pipeline))
test_dataloader = val_dataloader

# ADE20K at a width of 512: 150 classes and the unknown one, no instance maps. The height follows each picture, so a
# batch is one picture.
data_root = '{{$ADE20K_ROOT:data/ade20k}}'
image_size = (None, 512)
num_classes = 151
unknown = 0
instances = False
class_map = 'ade20k_151_to_150'

load = [dict(type='LoadPhoto'), dict(type='LoadLabel'), dict(type='ResizeScene', scale=image_size[::-1])]
train_pipeline = [*load, dict(type='mmseg.RandomFlip', prob=0.5), dict(type='PackScene')]
val_pipeline = [*load, dict(type='PackScene')]

train_dataloader = dict(
    batch_size=1, num_workers=4, persistent_workers=True, drop_last=True,
    sampler=dict(type='ResumableSampler', shuffle=True),
    dataset=dict(type='ADE20KDataset', data_root=data_root, split='training', pipeline=train_pipeline))
val_dataloader = dict(
    batch_size=1, num_workers=4, persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(type='ADE20KDataset', data_root=data_root, split='validation', test_mode=True,
                 pipeline=val_pipeline))
test_dataloader = val_dataloader

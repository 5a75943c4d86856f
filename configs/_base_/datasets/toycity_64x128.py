# ToyCity, rendered at 64x128 (height x width) in the Cityscapes layout: the 12 Cityscapes classes that occur.
data_root = '{{$TOYCITY_ROOT:data/toycity}}'
image_size = (64, 128)
num_classes = 12
unknown = None
instances = True
class_map = 'identity'

load = [dict(type='LoadPhoto'), dict(type='LoadLabel'), dict(type='ResizeScene', scale=image_size[::-1])]
train_pipeline = [*load, dict(type='mmseg.RandomFlip', prob=0.5), dict(type='PackScene')]
val_pipeline = [*load, dict(type='PackScene')]

train_dataloader = dict(
    batch_size=4, num_workers=1, persistent_workers=True, drop_last=True,
    sampler=dict(type='ResumableSampler', shuffle=True),
    dataset=dict(type='ToyCityDataset', data_root=data_root, split='train', instances=instances,
                 pipeline=train_pipeline))
val_dataloader = dict(
    batch_size=16, num_workers=1, persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(type='ToyCityDataset', data_root=data_root, split='val', instances=instances, test_mode=True,
                 pipeline=val_pipeline))
test_dataloader = val_dataloader

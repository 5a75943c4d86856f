# CamVid at 96x128 (height x width): 11 classes and the unknown one, no instance maps; flipped with p = 0.5.
data_root = '{{$CAMVID_ROOT:data/camvid}}'
image_size = (96, 128)
num_classes = 12
unknown = 11
instances = False
class_map = 'camvid_12_to_11'

load = [dict(type='LoadPhoto'), dict(type='LoadLabel'), dict(type='ResizeScene', scale=image_size[::-1])]
train_pipeline = [*load, dict(type='mmseg.RandomFlip', prob=0.5), dict(type='PackScene')]
val_pipeline = [*load, dict(type='PackScene')]

train_dataloader = dict(
    batch_size=4, num_workers=2, persistent_workers=True, drop_last=True,
    sampler=dict(type='ResumableSampler', shuffle=True),
    dataset=dict(type='CamVidDataset', data_root=data_root, split='train', pipeline=train_pipeline))
val_dataloader = dict(
    batch_size=16, num_workers=1, persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(type='CamVidDataset', data_root=data_root, split='val', test_mode=True, pipeline=val_pipeline))
test_dataloader = val_dataloader

# CelebA-HQ faces at 1024x1024 in images/train and images/val; their Canny edges are the input, made as they are loaded.
data_root = '{{$SCENES_ROOT:data/celebahq}}'
image_size = (1024, 1024)
num_classes = 0
raw_channels = 1
unknown = None
instances = False
raw = dict(raw_channels=raw_channels, edges_as_raw=True)

# LoadRaw has nothing to load here; it reads drawn edges where edges_as_raw=False.
load = [dict(type='LoadPhoto'), dict(type='LoadRaw'), dict(type='ResizeScene', scale=image_size[::-1])]
train_pipeline = [*load, dict(type='mmseg.RandomFlip', prob=0.5), dict(type='PackScene')]
val_pipeline = [*load, dict(type='PackScene')]

train_dataloader = dict(
    batch_size=1, num_workers=4, persistent_workers=True, drop_last=True,
    sampler=dict(type='ResumableSampler', shuffle=True),
    dataset=dict(type='PairedFolderDataset', data_root=data_root, split='train', pipeline=train_pipeline, **raw))
val_dataloader = dict(
    batch_size=1, num_workers=4, persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(type='PairedFolderDataset', data_root=data_root, split='val', test_mode=True, pipeline=val_pipeline,
                 **raw))
test_dataloader = val_dataloader

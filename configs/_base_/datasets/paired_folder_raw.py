# Your own data with image-like inputs (gray, RGB, depth, many channels) in place of label maps: images/SPLIT and
# raw/SPLIT, paired by stem. Copy this file and change what is between the lines; `python tools/check_dataset.py
# YOUR_CONFIG` says what is wrong with the files.
# ----------------------------------------------------------------------------------------------------------------------
data_root = '{{$SCENES_ROOT:data/scenes}}'
image_size = (256, 256)  # height x width
raw_channels = 3
endings = dict()  # dict(raw='_depth.png') where the input of NAME.jpg is called NAME_depth.png
edges_as_raw = False  # True, with raw_channels = 1: the edges of the photos, so that raw/ is not needed
# ----------------------------------------------------------------------------------------------------------------------
num_classes = 0
unknown = None
instances = False
raw = dict(raw_channels=raw_channels, edges_as_raw=edges_as_raw, endings=endings)

load = [dict(type='LoadPhoto'), dict(type='LoadRaw'), dict(type='ResizeScene', scale=image_size[::-1])]
train_pipeline = [*load, dict(type='mmseg.RandomFlip', prob=0.5), dict(type='PackScene')]
val_pipeline = [*load, dict(type='PackScene')]

train_dataloader = dict(
    batch_size=4, num_workers=2, persistent_workers=True, drop_last=True,
    sampler=dict(type='ResumableSampler', shuffle=True),
    dataset=dict(type='PairedFolderDataset', data_root=data_root, split='train', pipeline=train_pipeline, **raw))
val_dataloader = dict(
    batch_size=4, num_workers=2, persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(type='PairedFolderDataset', data_root=data_root, split='val', test_mode=True, pipeline=val_pipeline,
                 **raw))
test_dataloader = val_dataloader

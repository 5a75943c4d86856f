# ToyCity at 64x128, with the photos' Canny edges in place of label and instance maps.
_base_ = 'toycity_64x128.py'
num_classes = 0
raw_channels = 1
instances = False
as_edges = dict(raw_channels=raw_channels, edges_as_raw=True, instances=False)

# LoadRaw has nothing to load here; it reads drawn edges where edges_as_raw=False.
load = [dict(type='LoadPhoto'), dict(type='LoadRaw'), dict(type='ResizeScene', scale=_base_.image_size[::-1])]
train_pipeline = [*load, dict(type='mmseg.RandomFlip', prob=0.5), dict(type='PackScene')]
val_pipeline = [*load, dict(type='PackScene')]

train_dataloader = dict(dataset=dict(pipeline=train_pipeline, **as_edges))
val_dataloader = dict(dataset=dict(pipeline=val_pipeline, **as_edges))
test_dataloader = val_dataloader

# Helen faces at 1024x1024, the aspect ratio not kept: 11 classes, no unknown one, no instance maps. Flipping would swap
# left and right eyes and eyebrows, which are classes of their own, so nothing is flipped.
data_root = '{{$HELEN_ROOT:data/helen}}'
image_size = (1024, 1024)
num_classes = 11
unknown = None
instances = False
class_map = 'identity'

load = [dict(type='LoadPhoto'), dict(type='LoadLabel'), dict(type='ResizeScene', scale=image_size[::-1])]
train_pipeline = [*load, dict(type='PackScene')]
val_pipeline = [*load, dict(type='PackScene')]

train_dataloader = dict(
    batch_size=1, num_workers=4, persistent_workers=True, drop_last=True,
    sampler=dict(type='ResumableSampler', shuffle=True),
    dataset=dict(type='HelenDataset', data_root=data_root, split='train', pipeline=train_pipeline))
val_dataloader = dict(
    batch_size=1, num_workers=4, persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(type='HelenDataset', data_root=data_root, split='test', test_mode=True, pipeline=val_pipeline))
test_dataloader = val_dataloader

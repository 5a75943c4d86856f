# Your own data: images/SPLIT, labels/SPLIT, perhaps instances/SPLIT, paired by stem. Copy this file and change what is
# between the lines; `python tools/check_dataset.py YOUR_CONFIG` says what is wrong with the files.
# ----------------------------------------------------------------------------------------------------------------------
data_root = '{{$SCENES_ROOT:data/scenes}}'
image_size = (256, 256)  # height x width
classes = ('sky', 'land', 'water', 'nothing')  # or 'classes.txt': a class a line, its name and perhaps its r g b
num_classes = 4
unknown = 3  # the index that means no class, or None
instances = False  # True where there are instance maps; they add a boundary channel
# Ids in the files are indices already, and 255 means no class. Other ids: id_map={7: 0, 11: 1, ...}, which names all.
ids = dict(id_map=None, unknown_ids=(255,))
endings = dict()  # dict(label='_mask.png') where the label map of NAME.jpg is called NAME_mask.png
things = ()  # names of the classes that come in instances, such as cars: single objects in the editor
# ----------------------------------------------------------------------------------------------------------------------
class_map = 'identity'

load = [dict(type='LoadPhoto'), dict(type='LoadLabel'), dict(type='ResizeScene', scale=image_size[::-1])]
train_pipeline = [*load, dict(type='mmseg.RandomFlip', prob=0.5), dict(type='PackScene')]
val_pipeline = [*load, dict(type='PackScene')]

train_dataloader = dict(
    batch_size=4, num_workers=2, persistent_workers=True, drop_last=True,
    sampler=dict(type='ResumableSampler', shuffle=True),
    dataset=dict(type='PairedFolderDataset', data_root=data_root, split='train', classes=classes, unknown=unknown,
                 instances=instances, things=things, endings=endings, pipeline=train_pipeline, **ids))
val_dataloader = dict(
    batch_size=4, num_workers=2, persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(type='PairedFolderDataset', data_root=data_root, split='val', classes=classes, unknown=unknown,
                 instances=instances, things=things, endings=endings, test_mode=True, pipeline=val_pipeline, **ids))
test_dataloader = val_dataloader

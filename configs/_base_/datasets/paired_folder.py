# Your own data: images/SPLIT, labels/SPLIT, perhaps instances/SPLIT, paired by stem. Copy this file and change what is
# between the lines; `semsynth check_dataset YOUR_CONFIG` says what is wrong with the files.
# ----------------------------------------------------------------------------------------------------------------------
data_root = '{{$SCENES_ROOT:data/scenes}}'
image_size = (256, 256)  # height x width
batch_size = 4
classes = ('sky', 'land', 'water', 'nothing')  # or 'classes.txt': a class a line, its name and perhaps its r g b
num_classes = 4
unknown = 3  # the index that means no class; None where none does, and then unknown_ids=() below
instances = False  # True where there are instance maps; they add a boundary channel
# Ids in the files are indices already, and 255 means no class. Other ids: id_map={7: 0, 11: 1, ...}, which names all.
ids = dict(id_map=None, unknown_ids=(255,))
endings = dict()  # dict(label='_mask.png') where the label map of NAME.jpg is called NAME_mask.png
things = ()  # names of the classes that come in instances, such as cars: single objects in the editor
# ----------------------------------------------------------------------------------------------------------------------
data_preprocessor = dict(type='LayoutPreprocessor', num_classes=num_classes, unknown=unknown, instances=instances)
class_map = 'identity'
scenes = dict(type='PairedFolderDataset', classes=classes, unknown=unknown, things=things, endings=endings, **ids)

train_dataloader = dict(num_workers=2, dataset=dict(scenes, split='train', flip=0.5))
val_dataloader = dict(num_workers=2, dataset=dict(scenes, split='val', test_mode=True))
test_dataloader = val_dataloader

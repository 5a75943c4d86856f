# Your own data with image-like inputs (gray, RGB, depth, many channels) in place of label maps: images/SPLIT and
# raw/SPLIT, paired by stem. Copy this file and change what is between the lines; `semsynth check_dataset
# YOUR_CONFIG` says what is wrong with the files.
# ----------------------------------------------------------------------------------------------------------------------
data_root = '{{$SCENES_ROOT:data/scenes}}'
image_size = (256, 256)  # height x width
batch_size = 4
raw_channels = 3
endings = dict()  # dict(raw='_depth.png') where the input of NAME.jpg is called NAME_depth.png
edges_as_raw = False  # True, with raw_channels = 1: the edges of the photos, so that raw/ is not needed
# ----------------------------------------------------------------------------------------------------------------------
data_preprocessor = dict(type='LayoutPreprocessor', num_classes=0, raw_channels=raw_channels)
scenes = dict(type='PairedFolderDataset', edges_as_raw=edges_as_raw, endings=endings)

train_dataloader = dict(num_workers=2, dataset=dict(scenes, split='train', flip=0.5))
val_dataloader = dict(num_workers=2, dataset=dict(scenes, split='val', test_mode=True))
test_dataloader = val_dataloader

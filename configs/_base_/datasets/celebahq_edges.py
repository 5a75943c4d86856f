# CelebA-HQ faces in images/train and images/val; their Canny edges are the input, made as they are loaded.
data_root = '{{$SCENES_ROOT:data/celebahq}}'
image_size = (1024, 1024)
batch_size = 1
data_preprocessor = dict(type='LayoutPreprocessor', num_classes=0, raw_channels=1)
scenes = dict(type='PairedFolderDataset', edges_as_raw=True)

train_dataloader = dict(num_workers=4, dataset=dict(scenes, split='train', flip=0.5))
val_dataloader = dict(num_workers=4, dataset=dict(scenes, split='val', test_mode=True))
test_dataloader = val_dataloader

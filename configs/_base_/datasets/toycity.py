# ToyCity, rendered in the Cityscapes layout: the 12 Cityscapes classes that occur, instance maps; flipped with p = 0.5.
data_root = '{{$TOYCITY_ROOT:data/toycity}}'
image_size = (64, 128)  # height x width
batch_size = 4
data_preprocessor = dict(type='LayoutPreprocessor', num_classes=12, instances=True)
class_map = 'identity'
label_generator = dict(type='Segmentor', config='semsynth::segmentors/unet_toycity.py',
                       checkpoint='work_dirs/unet_toycity/final.pth')

train_dataloader = dict(num_workers=1, dataset=dict(type='ToyCityDataset', split='train', flip=0.5))
val_dataloader = dict(batch_size=16, num_workers=1, dataset=dict(type='ToyCityDataset', split='val', test_mode=True))
test_dataloader = val_dataloader

# Cityscapes: 35 classes, no unknown one, instance maps; flipped with p = 0.5.
data_root = '{{$CITYSCAPES_ROOT:data/cityscapes}}'
image_size = (256, 512)  # height x width
batch_size = 16
data_preprocessor = dict(type='LayoutPreprocessor', num_classes=35, instances=True)
class_map = 'cityscapes_35_to_19'

train_dataloader = dict(num_workers=4, dataset=dict(type='CityscapesDataset', split='train', flip=0.5))
val_dataloader = dict(num_workers=4, dataset=dict(type='CityscapesDataset', split='val', test_mode=True))
test_dataloader = val_dataloader

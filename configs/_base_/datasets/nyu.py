# NYU Depth v2 at the size of its pictures: 40 classes and the unknown one, instance maps; flipped with p = 0.5.
data_root = '{{$NYU_ROOT:data/nyu}}'
image_size = (427, 561)  # height x width
batch_size = 1
data_preprocessor = dict(type='LayoutPreprocessor', num_classes=41, unknown=0, instances=True)
class_map = 'nyu_41_to_40'

train_dataloader = dict(num_workers=4, dataset=dict(type='NYUDataset', split='train', flip=0.5))
val_dataloader = dict(num_workers=4, dataset=dict(type='NYUDataset', split='test', test_mode=True))
test_dataloader = val_dataloader

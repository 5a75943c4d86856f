# Helen faces, the aspect ratio not kept: 11 classes, no unknown one, no instance maps. Flipping would swap left and
# right eyes and eyebrows, which are classes of their own, so nothing is flipped.
data_root = '{{$HELEN_ROOT:data/helen}}'
image_size = (1024, 1024)
batch_size = 1
data_preprocessor = dict(type='LayoutPreprocessor', num_classes=11)
class_map = 'identity'

train_dataloader = dict(num_workers=4, dataset=dict(type='HelenDataset', split='train'))
val_dataloader = dict(num_workers=4, dataset=dict(type='HelenDataset', split='test', test_mode=True))
test_dataloader = val_dataloader

# COCO-Stuff at 256x256, whatever a picture's shape: 182 classes and the unknown one, instance maps. Training crops it
# from 286x286 and flips with p = 0.5 (SPADE).
data_root = '{{$COCO_STUFF_ROOT:data/coco_stuff}}'
image_size = (256, 256)
batch_size = 32
data_preprocessor = dict(type='LayoutPreprocessor', num_classes=183, unknown=182, instances=True)
class_map = 'coco_stuff_183_to_171'

train_dataloader = dict(
    num_workers=4, dataset=dict(type='COCOStuffDataset', split='train', jitter=286 / 256, flip=0.5))
val_dataloader = dict(num_workers=4, dataset=dict(type='COCOStuffDataset', split='val', test_mode=True))
test_dataloader = val_dataloader

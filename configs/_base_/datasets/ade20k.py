# ADE20K at 256x256, whatever a picture's shape: 150 classes and the unknown one, no instance maps. Training crops it
# from 286x286 and flips with p = 0.5 (SPADE).
data_root = '{{$ADE20K_ROOT:data/ade20k}}'
image_size = (256, 256)
batch_size = 32
data_preprocessor = dict(type='LayoutPreprocessor', num_classes=151, unknown=0)
class_map = 'ade20k_151_to_150'

train_dataloader = dict(
    num_workers=4, dataset=dict(type='ADE20KDataset', split='training', jitter=286 / 256, flip=0.5))
val_dataloader = dict(num_workers=4, dataset=dict(type='ADE20KDataset', split='validation', test_mode=True))
test_dataloader = val_dataloader

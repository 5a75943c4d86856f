# COCO-Stuff at 256x256, whatever a picture's shape: 182 classes and the unknown one, instance maps. Training crops it
# from 286x286 and flips with p = 0.5 (SPADE).
# A boundary channel comes from the instances, so the model's preprocessor has instances=True too.
data_root = '{{$COCO_STUFF_ROOT:data/coco_stuff}}'
image_size = (256, 256)
num_classes = 183
unknown = 182
instances = True
class_map = 'coco_stuff_183_to_171'

load = [dict(type='LoadPhoto'), dict(type='LoadLabel')]
train_pipeline = [*load, dict(type='ResizeScene', scale=(286, 286)),
                  dict(type='mmseg.RandomCrop', crop_size=image_size), dict(type='mmseg.RandomFlip', prob=0.5),
                  dict(type='PackScene')]
val_pipeline = [*load, dict(type='ResizeScene', scale=image_size[::-1]), dict(type='PackScene')]

train_dataloader = dict(
    batch_size=32, num_workers=4, persistent_workers=True, drop_last=True,
    sampler=dict(type='ResumableSampler', shuffle=True),
    dataset=dict(type='COCOStuffDataset', data_root=data_root, split='train', instances=instances,
                 pipeline=train_pipeline))
val_dataloader = dict(
    batch_size=4, num_workers=4, persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(type='COCOStuffDataset', data_root=data_root, split='val', instances=instances, test_mode=True,
                 pipeline=val_pipeline))
test_dataloader = val_dataloader

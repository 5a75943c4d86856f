# pix2pix on Cityscapes at 256x512, from labels alone. Random jitter (its appendix): 286 of 256, cropped back.
_base_ = [
    '../_base_/models/pix2pix.py', '../_base_/datasets/cityscapes_256x512.py',
    '../_base_/schedules/pix2pixhd_200e.py', '../_base_/judges/cityscapes_pspnet.py',
    '../_base_/default_runtime.py'
]
model = dict(data_preprocessor=dict(num_classes=_base_.num_classes))

train_pipeline = [
    dict(type='LoadPhoto'), dict(type='LoadLabel'), dict(type='ResizeScene', scale=(572, 286)),
    dict(type='mmseg.RandomCrop', crop_size=_base_.image_size), dict(type='mmseg.RandomFlip', prob=0.5),
    dict(type='PackScene')]
train_dataloader = dict(batch_size=1, dataset=dict(instances=False, pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(instances=False))
test_dataloader = val_dataloader

# pix2pix "on high-res images with the default setting" (pix2pixHD, 4): Cityscapes at 512x1024, from labels alone.
_base_ = [
    '../_base_/models/pix2pix.py', '../_base_/datasets/cityscapes_512x1024.py',
    '../_base_/schedules/pix2pixhd_200e.py', '../_base_/judges/cityscapes_pspnet.py',
    '../_base_/default_runtime.py'
]
model = dict(data_preprocessor=dict(num_classes=_base_.num_classes))
train_dataloader = dict(dataset=dict(instances=False))
val_dataloader = dict(dataset=dict(instances=False))
test_dataloader = val_dataloader

# CRN on Cityscapes at 512x1024, from labels alone, trained in one piece.
_base_ = [
    '../_base_/models/crn.py', '../_base_/datasets/cityscapes_512x1024.py', '../_base_/schedules/crn_200e.py',
    '../_base_/judges/cityscapes_pspnet.py', '../_base_/default_runtime.py'
]
model = dict(data_preprocessor=dict(num_classes=_base_.num_classes))
train_dataloader = dict(dataset=dict(instances=False))
val_dataloader = dict(dataset=dict(instances=False))
test_dataloader = val_dataloader

# pix2pix on Cityscapes at 256x512, from labels alone. Random jitter (its appendix): 286 of 256, cropped back.
_base_ = [
    '../_base_/models/pix2pix.py', '../_base_/datasets/cityscapes.py', '../_base_/schedules/pix2pixhd_200e.py',
    '../_base_/judges/cityscapes_pspnet.py', '../_base_/default_runtime.py'
]
batch_size = 1
data_preprocessor = dict(instances=False)
train_dataloader = dict(dataset=dict(jitter=286 / 256))

# pix2pixHD's global generator on Cityscapes at 512x1024 (3.2): the first step of coarse to fine.
_base_ = [
    '../_base_/models/pix2pixhd.py', '../_base_/datasets/cityscapes.py', '../_base_/schedules/pix2pixhd_200e.py',
    '../_base_/judges/cityscapes_pspnet.py', '../_base_/default_runtime.py'
]
image_size = (512, 1024)
batch_size = 1
model = dict(discriminator=dict(num_scales=2))

# pix2pixHD's global generator on Cityscapes at 256x512, the size at which ECGAN's table 2 compares it.
_base_ = [
    '../_base_/models/pix2pixhd.py', '../_base_/datasets/cityscapes.py', '../_base_/schedules/pix2pixhd_200e.py',
    '../_base_/judges/cityscapes.py', '../_base_/default_runtime.py'
]
batch_size = 1
model = dict(discriminator=dict(num_scales=2))

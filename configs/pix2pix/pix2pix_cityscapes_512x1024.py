# pix2pix "on high-res images with the default setting" (pix2pixHD, 4): Cityscapes at 512x1024, from labels alone.
_base_ = [
    '../_base_/models/pix2pix.py', '../_base_/datasets/cityscapes.py', '../_base_/schedules/pix2pixhd_200e.py',
    '../_base_/judges/cityscapes_pspnet.py', '../_base_/default_runtime.py'
]
image_size = (512, 1024)
batch_size = 1
data_preprocessor = dict(instances=False)

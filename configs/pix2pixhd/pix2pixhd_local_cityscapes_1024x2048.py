# pix2pixHD's local enhancer on Cityscapes at 1024x2048, all of it trained from scratch at once.
_base_ = [
    '../_base_/models/pix2pixhd.py', '../_base_/datasets/cityscapes.py', '../_base_/schedules/pix2pixhd_200e.py',
    '../_base_/judges/cityscapes_pspnet.py', '../_base_/default_runtime.py'
]
image_size = (1024, 2048)
batch_size = 1
model = dict(generator=dict(
    _delete_=True, type='LocalEnhancer', base_channels=32, num_enhancers=1, num_blocks=3, num_global_downsamples=4,
    num_global_blocks=9, head=dict(type='RGBHead')))

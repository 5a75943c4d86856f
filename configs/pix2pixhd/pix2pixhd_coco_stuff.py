# pix2pixHD's global generator on COCO-Stuff at 256x256. SPADE's total batch, 32, and its 100 epochs: batch_size is per
# rank.
_base_ = [
    '../_base_/models/pix2pixhd.py', '../_base_/datasets/coco_stuff.py', '../_base_/schedules/pix2pixhd_200e.py',
    '../_base_/judges/coco_stuff.py', '../_base_/default_runtime.py'
]
model = dict(discriminator=dict(num_scales=2))
train_cfg = dict(max_epochs=100)

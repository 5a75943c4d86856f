# pix2pixHD's global generator on ADE20K at 256x256, no instance maps, the size at which ECGAN's table 2 compares it.
# Total batch 32, SPADE's: batch_size is per rank.
_base_ = [
    '../_base_/models/pix2pixhd.py', '../_base_/datasets/ade20k.py', '../_base_/schedules/pix2pixhd_200e.py',
    '../_base_/judges/ade20k.py', '../_base_/default_runtime.py'
]
model = dict(discriminator=dict(num_scales=2))

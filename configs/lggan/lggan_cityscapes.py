# LGGAN on Cityscapes at 256x512, total batch 8: batch_size is per rank.
_base_ = [
    '../_base_/models/lggan.py', '../_base_/datasets/cityscapes.py', '../_base_/schedules/spade_200e.py',
    '../_base_/judges/cityscapes.py', '../_base_/default_runtime.py'
]
batch_size = 8
model = dict(generator=dict(num_upsamples='more'))

# LGGAN on ADE20K at 256x256, no instance maps, total batch 24: batch_size is per rank. Every class has a convolution of
# its own; the released code has 51, and one for all other classes together.
_base_ = [
    '../_base_/models/lggan.py', '../_base_/datasets/ade20k.py', '../_base_/schedules/spade_200e.py',
    '../_base_/judges/ade20k.py', '../_base_/default_runtime.py'
]
batch_size = 24

# INADE on ADE20K at 256x256, no instance maps, total batch 32: batch_size is per rank.
_base_ = [
    '../_base_/models/inade.py', '../_base_/datasets/ade20k.py', '../_base_/schedules/spade_200e.py',
    '../_base_/judges/ade20k.py', '../_base_/default_runtime.py'
]
# Without instances an object is a class.
model = dict(generator=dict(max_objects=151), encoder=dict(max_objects=151))

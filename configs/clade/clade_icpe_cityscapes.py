# CLADE with positions in connected components (ICPE) on Cityscapes at 256x512, total batch 16: batch_size is per rank.
_base_ = [
    '../_base_/models/clade.py', '../_base_/datasets/cityscapes.py', '../_base_/schedules/spade_200e.py',
    '../_base_/judges/cityscapes.py', '../_base_/default_runtime.py'
]
model = dict(generator=dict(modulation='clade_icpe', num_upsamples='more'))

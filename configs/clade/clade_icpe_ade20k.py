# CLADE with positions in connected components (ICPE) on ADE20K at 256x256, no instance maps, total batch 32.
# batch_size is per rank.
_base_ = [
    '../_base_/models/clade.py', '../_base_/datasets/ade20k.py', '../_base_/schedules/spade_200e.py',
    '../_base_/judges/ade20k.py', '../_base_/default_runtime.py'
]
model = dict(generator=dict(modulation='clade_icpe'))

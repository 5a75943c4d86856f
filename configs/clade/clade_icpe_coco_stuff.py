# CLADE with positions in connected components (ICPE) on COCO-Stuff at 256x256, total batch 32: batch_size is per rank.
# 100 epochs, without the decay.
_base_ = [
    '../_base_/models/clade.py', '../_base_/datasets/coco_stuff.py', '../_base_/schedules/spade_200e.py',
    '../_base_/judges/coco_stuff.py', '../_base_/default_runtime.py'
]
train_cfg = dict(max_epochs=100)
param_scheduler = dict(generator=[], discriminator=[])
model = dict(generator=dict(modulation='clade_icpe'))

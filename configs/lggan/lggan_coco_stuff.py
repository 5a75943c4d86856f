# LGGAN on COCO-Stuff at 256x256, which its paper leaves out: total batch 24 as on ADE20K (batch_size is per rank), and
# 100 epochs without the decay, as SPADE there. The classes' images are summed: 549 channels would take too much memory.
_base_ = [
    '../_base_/models/lggan.py', '../_base_/datasets/coco_stuff.py', '../_base_/schedules/spade_200e.py',
    '../_base_/judges/coco_stuff.py', '../_base_/default_runtime.py'
]
batch_size = 24
model = dict(generator=dict(head=dict(join='sum')))
train_cfg = dict(max_epochs=100)
param_scheduler = dict(generator=[], discriminator=[])

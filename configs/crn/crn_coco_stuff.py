# CRN on COCO-Stuff at 256x256, from labels alone, a module at every size from 4x4. SPADE's total batch, 32, and its 100
# epochs: batch_size is per rank.
_base_ = [
    '../_base_/models/crn.py', '../_base_/datasets/coco_stuff.py', '../_base_/schedules/crn_200e.py',
    '../_base_/judges/coco_stuff.py', '../_base_/default_runtime.py'
]
data_preprocessor = dict(instances=False)
model = dict(generator=dict(widths=(1024, 1024, 1024, 1024, 1024, 512, 512)))
train_cfg = dict(max_epochs=100)

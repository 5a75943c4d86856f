# CRN on Cityscapes at 256x512, from labels alone: without the module of 512x1024.
_base_ = [
    '../_base_/models/crn.py', '../_base_/datasets/cityscapes.py', '../_base_/schedules/crn_200e.py',
    '../_base_/judges/cityscapes.py', '../_base_/default_runtime.py'
]
batch_size = 1
data_preprocessor = dict(instances=False)
model = dict(generator=dict(widths=(1024, 1024, 1024, 1024, 1024, 512, 512)))

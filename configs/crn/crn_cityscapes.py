# CRN on Cityscapes at 512x1024, from labels alone, trained in one piece.
_base_ = [
    '../_base_/models/crn.py', '../_base_/datasets/cityscapes.py', '../_base_/schedules/crn_200e.py',
    '../_base_/judges/cityscapes_pspnet.py', '../_base_/default_runtime.py'
]
image_size = (512, 1024)
batch_size = 1
data_preprocessor = dict(instances=False)

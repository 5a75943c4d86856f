# CC-FPSE on Cityscapes at 256x512, 100 + 100 epochs. batch_size is per GPU; 16 in all is SPADE's.
_base_ = [
    '../_base_/models/ccfpse.py', '../_base_/datasets/cityscapes.py', '../_base_/schedules/spade_200e.py',
    '../_base_/judges/cityscapes.py', '../_base_/default_runtime.py'
]
model = dict(generator=dict(num_upsamples='more'))

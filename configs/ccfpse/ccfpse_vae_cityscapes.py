# CC-FPSE with the style encoder, as its script trains it.
_base_ = [
    '../_base_/models/ccfpse_vae.py', '../_base_/datasets/cityscapes.py', '../_base_/schedules/spade_200e.py',
    '../_base_/judges/cityscapes.py', '../_base_/default_runtime.py'
]
model = dict(generator=dict(num_upsamples='more'))

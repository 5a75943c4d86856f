# SPADE with a latent on Cityscapes at 256x512: several images of one layout, or one in the look of a photo.
_base_ = [
    '../_base_/models/spade_vae.py', '../_base_/datasets/cityscapes.py', '../_base_/schedules/spade_200e.py',
    '../_base_/judges/cityscapes.py', '../_base_/default_runtime.py'
]
model = dict(generator=dict(num_upsamples='more'))

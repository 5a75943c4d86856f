# CC-FPSE with the style encoder, as its script trains it.
_base_ = [
    '../_base_/models/ccfpse_vae.py', '../_base_/datasets/cityscapes_256x512.py',
    '../_base_/schedules/spade_200e.py', '../_base_/judges/cityscapes.py', '../_base_/default_runtime.py'
]
model = dict(
    data_preprocessor=dict(num_classes=_base_.num_classes, instances=True),
    generator=dict(num_upsamples='more', image_size=_base_.image_size))

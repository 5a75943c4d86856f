# The label generator of the ToyCity configs.
_base_ = [
    '../_base_/models/segmentor_unet.py', '../_base_/datasets/toycity_segmentor.py', '../_base_/segmentor_runtime.py'
]
model = dict(data_preprocessor=dict(size=_base_.image_size), decode_head=dict(num_classes=_base_.segmentor_classes))
randomness = dict(seed=0)

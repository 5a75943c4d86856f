# The label generator of ToyCity at 128x256.
_base_ = [
    '../_base_/models/segmentor_unet.py', '../_base_/datasets/toycity_segmentor.py', '../_base_/segmentor_runtime.py'
]
data_root = '{{$TOYCITY_128X256_ROOT:data/toycity_128x256}}'
image_size = (128, 256)
batch_size = 4
model = dict(data_preprocessor=dict(size=image_size), decode_head=dict(num_classes=_base_.segmentor_classes))
randomness = dict(seed=0)

# The judge of the ToyCity configs: another architecture and another seed than their label generator.
_base_ = [
    '../_base_/models/segmentor_fpn.py', '../_base_/datasets/toycity_segmentor.py', '../_base_/segmentor_runtime.py'
]
model = dict(data_preprocessor=dict(size=_base_.image_size), decode_head=dict(num_classes=_base_.segmentor_classes))
randomness = dict(seed=1)

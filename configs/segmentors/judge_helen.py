# The judge of the Helen configs: small, trained from scratch at half their size.
_base_ = [
    '../_base_/models/segmentor_fpn.py', '../_base_/datasets/helen_segmentor.py', '../_base_/segmentor_runtime.py'
]
model = dict(data_preprocessor=dict(size=_base_.image_size), decode_head=dict(num_classes=_base_.segmentor_classes))
randomness = dict(seed=1)
train_cfg = dict(max_iters=4000, val_interval=4000)

# The judge of the NYU configs: small, trained from scratch.
_base_ = [
    '../_base_/models/segmentor_fpn.py', '../_base_/datasets/nyu_segmentor.py', '../_base_/segmentor_runtime.py'
]
model = dict(data_preprocessor=dict(size=_base_.crop), decode_head=dict(num_classes=_base_.segmentor_classes))
randomness = dict(seed=1)
train_cfg = dict(max_iters=8000, val_interval=8000)

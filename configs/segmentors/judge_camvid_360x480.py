# A judge for CamVid's photos at their own size, 360x480; an hour on 2 CPU cores.
_base_ = [
    '../_base_/models/segmentor_efficientnet_lite1.py', '../_base_/datasets/camvid_segmentor.py',
    '../_base_/segmentor_runtime.py'
]
image_size = (360, 480)
_crop = (256, 320)
batch_size = 8
model = dict(data_preprocessor=dict(size=_crop), decode_head=dict(num_classes=_base_.segmentor_classes))
train_pipeline = [
    dict(type='LoadPhoto'), dict(type='LoadLabel'),
    dict(type='mmseg.RandomResize', scale=(480, 360), ratio_range=(0.6, 1.6), resize_type='ResizeScene',
         keep_ratio=True),
    dict(type='mmseg.RandomCrop', crop_size=_crop, cat_max_ratio=0.75),
    dict(type='mmseg.RandomFlip', prob=0.5), dict(type='mmseg.PhotoMetricDistortion'), dict(type='mmseg.PackSegInputs')]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
optim_wrapper = dict(optimizer=dict(lr=1e-3))
randomness = dict(seed=1)
train_cfg = dict(max_iters=1200, val_interval=1200)

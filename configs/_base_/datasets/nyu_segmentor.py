# To train segmentors on: labels in the segmentor's classes, resized for training and at their own size for testing.
_base_ = 'nyu.py'
segmentor_classes = 40
batch_size = 8
crop = (320, 416)
train_pipeline = [
    dict(type='LoadPhoto'), dict(type='LoadLabel'),
    dict(type='mmseg.RandomResize', scale=_base_.image_size[::-1], ratio_range=(0.8, 2), resize_type='ResizeScene',
         keep_ratio=True),
    dict(type='mmseg.RandomCrop', crop_size=crop, cat_max_ratio=0.75),
    dict(type='mmseg.RandomFlip', prob=0.5), dict(type='mmseg.PhotoMetricDistortion'), dict(type='mmseg.PackSegInputs')]
train_dataloader = dict(dataset=dict(class_map=_base_.class_map, pipeline=train_pipeline))
val_dataloader = dict(batch_size=1, dataset=dict(class_map=_base_.class_map))
test_dataloader = val_dataloader

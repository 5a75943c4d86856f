# To train segmentors on: labels in the segmentor's classes, resized for training and at their own size for testing.
_base_ = 'camvid.py'
segmentor_classes = 11
batch_size = 8
# 367 photos are few: scale, crop and colours vary.
train_pipeline = [
    dict(type='LoadPhoto'), dict(type='LoadLabel'),
    dict(type='mmseg.RandomResize', scale=_base_.image_size[::-1], ratio_range=(0.75, 2), resize_type='ResizeScene',
         keep_ratio=True),
    dict(type='mmseg.RandomCrop', crop_size=_base_.image_size, cat_max_ratio=0.75),
    dict(type='mmseg.RandomFlip', prob=0.5), dict(type='mmseg.PhotoMetricDistortion'), dict(type='mmseg.PackSegInputs')]
train_dataloader = dict(dataset=dict(class_map=_base_.class_map, pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(class_map=_base_.class_map))
test_dataloader = val_dataloader

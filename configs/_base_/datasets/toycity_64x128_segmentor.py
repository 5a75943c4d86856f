# To train segmentors on: labels in the segmentor's classes, resized for training and at their own size for testing.
_base_ = 'toycity_64x128.py'
as_segmentor = dict(class_map=_base_.class_map, instances=False)
train_pipeline = [*_base_.load, dict(type='mmseg.RandomFlip', prob=0.5), dict(type='mmseg.PackSegInputs')]
val_pipeline = [dict(type='LoadPhoto'), dict(type='ResizeScene', scale=_base_.image_size[::-1]),
                dict(type='LoadLabel'), dict(type='mmseg.PackSegInputs')]
train_dataloader = dict(batch_size=8, dataset=dict(pipeline=train_pipeline, **as_segmentor))
val_dataloader = dict(dataset=dict(pipeline=val_pipeline, **as_segmentor))
test_dataloader = val_dataloader

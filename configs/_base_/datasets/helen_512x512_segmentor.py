# To train segmentors on: photos at half size, which judges then look at too; labels at their own size for testing.
_base_ = 'helen_1024x1024.py'
as_segmentor = dict(class_map=_base_.class_map)
image_size = (512, 512)
resize = dict(type='ResizeScene', scale=image_size)
train_pipeline = [dict(type='LoadPhoto'), dict(type='LoadLabel'), resize, dict(type='mmseg.PhotoMetricDistortion'),
                  dict(type='mmseg.PackSegInputs')]
val_pipeline = [dict(type='LoadPhoto'), resize, dict(type='LoadLabel'), dict(type='mmseg.PackSegInputs')]
train_dataloader = dict(batch_size=8, dataset=dict(pipeline=train_pipeline, **as_segmentor))
val_dataloader = dict(dataset=dict(pipeline=val_pipeline, **as_segmentor))
test_dataloader = val_dataloader

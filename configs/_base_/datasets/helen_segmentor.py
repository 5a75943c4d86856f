# To train segmentors on: photos at half size, which judges then look at too; labels at their own size for testing.
_base_ = 'helen.py'
image_size = (512, 512)
segmentor_classes = _base_.data_preprocessor.num_classes
batch_size = 8
train_pipeline = [
    dict(type='LoadPhoto'), dict(type='LoadLabel'), dict(type='ResizeScene', scale=image_size[::-1]),
    dict(type='mmseg.PhotoMetricDistortion'), dict(type='mmseg.PackSegInputs')]
train_dataloader = dict(dataset=dict(class_map=_base_.class_map, pipeline=train_pipeline))
val_dataloader = dict(batch_size=1, dataset=dict(class_map=_base_.class_map))
test_dataloader = val_dataloader

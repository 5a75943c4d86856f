# To train segmentors on: labels in the segmentor's classes, resized for training and at their own size for testing.
_base_ = 'toycity.py'
segmentor_classes = _base_.data_preprocessor.num_classes
batch_size = 8
train_dataloader = dict(dataset=dict(class_map=_base_.class_map))
val_dataloader = dict(dataset=dict(class_map=_base_.class_map))
test_dataloader = val_dataloader

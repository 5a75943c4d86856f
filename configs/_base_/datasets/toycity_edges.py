# ToyCity, with the photos' Canny edges in place of label and instance maps.
_base_ = 'toycity.py'
data_preprocessor = dict(num_classes=0, raw_channels=1, instances=False)
train_dataloader = dict(dataset=dict(edges_as_raw=True))
val_dataloader = dict(dataset=dict(edges_as_raw=True))
test_dataloader = val_dataloader

# ECGAN on ToyCity with a narrow ResNet-18 of mmseg as encoder E.
_base_ = 'ecgan_toycity.py'
model = dict(generator=dict(
    _delete_=True, type='BackboneGenerator', feature_channels=16,
    backbone=dict(type='ResNetV1c', depth=18, base_channels=16, stem_channels=16),
    head=dict(type='EdgeGuidedHead', num_layers=3, embedding_channels=16)))

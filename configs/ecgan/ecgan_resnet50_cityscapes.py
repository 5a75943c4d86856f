# ECGAN on Cityscapes with a ResNet-50 from random weights as encoder E, which "can employ any deep network
# architecture" (3.1): backbone='vgg16' or a config of mmseg's works, too; pretrained='FILE' takes weights from a file.
_base_ = 'ecgan_cityscapes.py'
model = dict(generator=dict(
    _delete_=True, type='BackboneGenerator', backbone='resnet50', feature_channels=64,
    head=dict(type='EdgeGuidedHead', num_layers=3, embedding_channels=64)))

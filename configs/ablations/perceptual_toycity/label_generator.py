# The perceptual term of the demo on the label generator's features, as the demo has it.
# Its third score needs pip install 'semsynth[weights]'.
_base_ = '../../ecgan/ecgan_toycity.py'
model = dict(losses=dict(perceptual=dict(weight=30)))
train_cfg = dict(max_iters=330, val_interval=330)
test_evaluator = [*_base_.test_evaluator, dict(type='FrechetEfficientNetLite0')]
row = dict(title="label generator's features", order=1)

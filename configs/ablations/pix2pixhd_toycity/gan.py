# 4.2, analysis of the loss function, (1): only the GAN loss, also without feature matching.
_base_ = './gan_feature_matching.py'
model = dict(losses=dict(feature_matching=None))
row = dict(order=4, title='GAN loss only', paper={'full preferred, %': 68.55})

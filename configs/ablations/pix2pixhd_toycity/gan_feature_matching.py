# 4.2, analysis of the loss function, (2): without the perceptual loss.
_base_ = '../../pix2pixhd/pix2pixhd_toycity.py'
model = dict(segmentor=None, losses=dict(perceptual=None))
row = dict(like='../pix2pixhd/gan_feature_matching.py')

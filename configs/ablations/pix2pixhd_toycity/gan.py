# 4.2, analysis of the loss function, (1): only the GAN loss, without feature matching and perceptual loss.
_base_ = '../../pix2pixhd/pix2pixhd_toycity.py'
model = dict(segmentor=None, losses=dict(feature_matching=None, perceptual=None))
row = dict(like='../pix2pixhd/gan.py')

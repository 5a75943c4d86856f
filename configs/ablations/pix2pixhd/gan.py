# 4.2, analysis of the loss function, (1): only the GAN loss, without feature matching and the VGG loss.
_base_ = '../../pix2pixhd/pix2pixhd_global_cityscapes_512x1024.py'
model = dict(losses=dict(feature_matching=None, perceptual=None))
row = dict(order=4, title='GAN loss only', paper={'full preferred, %': 68.55})

# 4.2, analysis of the loss function, (2): without the VGG loss; figures 9 (c) and 10 (b).
_base_ = '../../pix2pixhd/pix2pixhd_global_cityscapes_512x1024.py'
model = dict(losses=dict(perceptual=None))
row = dict(order=5, title='GAN + matching', paper={'full preferred, %': 58.9})

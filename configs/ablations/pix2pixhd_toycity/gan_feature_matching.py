# 4.2, analysis of the loss function, (2): without the perceptual loss.
_base_ = './full.py'
model = dict(segmentor=None, losses=dict(perceptual=None))
row = dict(order=5, title='GAN + matching', paper={'full preferred, %': 58.9})

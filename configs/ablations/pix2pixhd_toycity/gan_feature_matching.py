# 4.2, analysis of the loss function, (2): without the perceptual loss.
_base_ = './full.py'
model = dict(segmentor=None, losses=dict(perceptual=None))

# 4.2, analysis of the loss function, (2): without the VGG loss; figures 9 and 10 (b), "ours (w/o VGG loss)" of table 2.
_base_ = './full.py'
model = dict(losses=dict(perceptual=None))

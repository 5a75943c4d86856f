# Table 5: one discriminator, at full size, instead of several scales.
_base_ = './full.py'
model = dict(discriminator=dict(num_scales=1))
row = dict(order=3, title='one discriminator', paper={'mIoU': 57.75, 'aAcc': 82.87, 'full preferred, %': 69.2})

# Table 5: one discriminator, at full size, instead of several scales.
_base_ = './full.py'
model = dict(discriminator=dict(num_scales=1))

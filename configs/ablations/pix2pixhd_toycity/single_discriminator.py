# Table 5: one discriminator, at full size, instead of several scales.
_base_ = '../../pix2pixhd/pix2pixhd_toycity.py'
model = dict(discriminator=dict(num_scales=1))
row = dict(like='../pix2pixhd/single_discriminator.py')

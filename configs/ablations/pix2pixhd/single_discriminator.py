# Table 5: one discriminator, at full size, instead of several scales.
_base_ = '../../pix2pixhd/pix2pixhd_global_cityscapes_512x1024.py'
model = dict(discriminator=dict(num_scales=1))
row = dict(order=3, title='one discriminator',
           paper={'pspnet/mIoU': 57.75, 'pspnet/aAcc': 82.87, 'full preferred, %': 69.2})

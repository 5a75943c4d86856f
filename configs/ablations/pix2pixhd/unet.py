# Tables 3 and 4: pix2pix's U-Net as generator, everything else as it is.
_base_ = '../../pix2pixhd/pix2pixhd_global_cityscapes_512x1024.py'
model = dict(generator=dict(
    _delete_=True, type='UNetGenerator', base_channels=64, num_downsamples=8, norm='instance',
    head=dict(type='RGBHead', kernel_size=1)))
row = dict(order=1, title='U-Net', paper={'pspnet/mIoU': 39.05, 'pspnet/aAcc': 77.86, 'full preferred, %': 80.0})

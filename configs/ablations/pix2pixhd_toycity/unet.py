# Tables 3 and 4: pix2pix's U-Net as generator, everything else as it is.
_base_ = '../../pix2pixhd/pix2pixhd_toycity.py'
model = dict(generator=dict(
    _delete_=True, type='UNetGenerator', base_channels=24, num_downsamples=6, norm='instance',
    head=dict(type='RGBHead', kernel_size=1)))
row = dict(like='../pix2pixhd/unet.py')

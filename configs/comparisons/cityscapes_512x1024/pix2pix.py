# pix2pixHD's table 1: pix2pix.
_base_ = '../../pix2pix/pix2pix_cityscapes_512x1024.py'
row = dict(
    title='pix2pix', order=1, paper={'pspnet/mIoU': 39.48, 'pspnet/aAcc': 78.34},
    conditions='table 1 of pix2pixHD, by its authors; Cityscapes at 512x1024, judge PSPNet')

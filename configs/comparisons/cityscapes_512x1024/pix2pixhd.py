# pix2pixHD's table 1: pix2pixHD.
_base_ = '../../pix2pixhd/pix2pixhd_global_cityscapes_512x1024.py'
row = dict(
    title='pix2pixHD', order=3, paper={'pspnet/mIoU': 63.89, 'pspnet/aAcc': 83.78},
    conditions='table 1 of pix2pixHD, by its authors; Cityscapes at 512x1024, judge PSPNet')

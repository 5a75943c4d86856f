# The last column of tables 3 to 5: all of pix2pixHD, here its global generator at 512x1024. Each row changes one part.
_base_ = '../../pix2pixhd/pix2pixhd_global_cityscapes_512x1024.py'
row = dict(order=7, title='pix2pixHD', paper={'pspnet/mIoU': 63.89, 'pspnet/aAcc': 83.78})

# pix2pixHD's table 1: CRN.
_base_ = '../../crn/crn_cityscapes.py'
row = dict(
    title='CRN', order=2, paper={'pspnet/mIoU': 34.83, 'pspnet/aAcc': 70.55},
    conditions='table 1 of pix2pixHD, by its authors; Cityscapes at 512x1024, judge PSPNet')

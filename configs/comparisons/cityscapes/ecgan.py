# ECGAN's tables 1 and 2, Cityscapes: ECGAN.
_base_ = '../../ecgan/ecgan_cityscapes.py'
row = dict(
    title='ECGAN', order=9, paper=dict(mIoU=72.2, aAcc=83.1, FID=44.5),
    conditions='table 2 of ECGAN, by its authors; Cityscapes at 256x512, judge DRN-D-105')

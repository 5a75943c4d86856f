# ECGAN's tables 1 and 2, Cityscapes: LGGAN.
_base_ = '../../lggan/lggan_cityscapes.py'
row = dict(
    title='LGGAN', order=5, paper={'mIoU': 68.4, 'aAcc': 83.0, 'FID': 57.7, 'ECGAN preferred, %': 78.4},
    conditions='tables 1 and 2 of ECGAN, scores by the authors of LGGAN; Cityscapes at 256x512, judge DRN-D-105')

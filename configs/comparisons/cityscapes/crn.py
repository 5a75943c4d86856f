# ECGAN's tables 1 and 2, Cityscapes: CRN.
_base_ = '../../crn/crn_cityscapes_256x512.py'
row = dict(
    title='CRN', order=1, paper={'mIoU': 52.4, 'aAcc': 77.1, 'FID': 104.7, 'ECGAN preferred, %': 88.8},
    conditions='tables 1 and 2 of ECGAN, scores by the authors of SPADE; Cityscapes at 256x512, judge DRN-D-105')

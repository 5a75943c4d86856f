# ECGAN's tables 1 and 2, Cityscapes: DAGAN.
_base_ = '../../dagan/dagan_cityscapes.py'
row = dict(
    title='DAGAN', order=4, paper={'mIoU': 66.1, 'aAcc': 82.6, 'FID': 60.3, 'ECGAN preferred, %': 81.8},
    conditions='tables 1 and 2 of ECGAN, scores by the authors of DAGAN; Cityscapes at 256x512, judge DRN-D-105')

# ECGAN's tables 1 and 2, Cityscapes: CC-FPSE.
_base_ = '../../ccfpse/ccfpse_cityscapes.py'
row = dict(
    title='CC-FPSE', order=6, paper={'mIoU': 65.5, 'aAcc': 82.3, 'FID': 54.3, 'ECGAN preferred, %': 79.5},
    conditions='tables 1 and 2 of ECGAN, scores by the authors of CC-FPSE; Cityscapes at 256x512, judge DRN-D-105')

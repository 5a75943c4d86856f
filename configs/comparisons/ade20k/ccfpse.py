# ECGAN's tables 1 and 2, ADE20K: CC-FPSE.
_base_ = '../../ccfpse/ccfpse_ade20k.py'
row = dict(
    title='CC-FPSE', order=6, paper={'mIoU': 43.7, 'aAcc': 82.9, 'FID': 31.7, 'ECGAN preferred, %': 85.1},
    conditions='tables 1 and 2 of ECGAN, scores by the authors of CC-FPSE; ADE20K at 256x256, judge UPerNet-101')

# ECGAN's tables 1 and 2, ADE20K: LGGAN.
_base_ = '../../lggan/lggan_ade20k.py'
row = dict(
    title='LGGAN', order=5, paper={'mIoU': 41.6, 'aAcc': 81.8, 'FID': 31.6, 'ECGAN preferred, %': 82.7},
    conditions='tables 1 and 2 of ECGAN, scores by the authors of LGGAN; ADE20K at 256x256, judge UPerNet-101')

# ECGAN's tables 1 and 2, ADE20K: ECGAN.
_base_ = '../../ecgan/ecgan_ade20k.py'
row = dict(
    title='ECGAN', order=9, paper=dict(mIoU=50.6, aAcc=83.1, FID=25.8),
    conditions='table 2 of ECGAN, by its authors; ADE20K at 256x256, judge UPerNet-101')

# ECGAN's tables 1 and 2, ADE20K: pix2pixHD.
_base_ = '../../pix2pixhd/pix2pixhd_ade20k_256x256.py'
row = dict(
    title='pix2pixHD', order=3, paper={'mIoU': 20.3, 'aAcc': 69.2, 'FID': 81.8, 'ECGAN preferred, %': 93.6},
    conditions='tables 1 and 2 of ECGAN, scores by the authors of SPADE; ADE20K at 256x256, judge UPerNet-101')

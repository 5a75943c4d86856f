# ECGAN's tables 1 and 2, Cityscapes: SPADE (GauGAN).
_base_ = '../../spade/spade_cityscapes.py'
row = dict(
    title='SPADE (GauGAN)', order=7, paper={'mIoU': 62.3, 'aAcc': 81.9, 'FID': 71.8, 'ECGAN preferred, %': 84.7},
    conditions='tables 1 and 2 of ECGAN, scores by the authors of SPADE; Cityscapes at 256x512, judge DRN-D-105')

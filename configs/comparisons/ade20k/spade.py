# ECGAN's tables 1 and 2, ADE20K: SPADE (GauGAN).
_base_ = '../../spade/spade_ade20k.py'
row = dict(
    title='SPADE (GauGAN)', order=7, paper={'mIoU': 38.5, 'aAcc': 79.9, 'FID': 33.9, 'ECGAN preferred, %': 88.4},
    conditions='tables 1 and 2 of ECGAN, scores by the authors of SPADE; ADE20K at 256x256, judge UPerNet-101')

# ECGAN's tables 1 and 2, ADE20K: DAGAN.
_base_ = '../../dagan/dagan_ade20k.py'
row = dict(
    title='DAGAN', order=4, paper={'mIoU': 40.5, 'aAcc': 81.6, 'FID': 31.9, 'ECGAN preferred, %': 86.2},
    conditions='tables 1 and 2 of ECGAN, scores by the authors of DAGAN; ADE20K at 256x256, judge UPerNet-101')

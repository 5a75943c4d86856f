# ECGAN's tables 1 and 2, ADE20K: CRN.
_base_ = '../../crn/crn_ade20k.py'
row = dict(
    title='CRN', order=1, paper={'mIoU': 22.4, 'aAcc': 68.8, 'FID': 73.3, 'ECGAN preferred, %': 94.8},
    conditions='tables 1 and 2 of ECGAN, scores by the authors of SPADE; ADE20K at 256x256, judge UPerNet-101')

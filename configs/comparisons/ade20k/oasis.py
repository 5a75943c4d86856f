# ECGAN's tables 1 and 2, ADE20K: OASIS.
_base_ = '../../oasis/oasis_ade20k.py'
row = dict(
    title='OASIS', order=8, paper={'mIoU': 48.8, 'FID': 28.3, 'ECGAN preferred, %': 80.6},
    conditions='tables 1 and 2 of ECGAN, scores by the authors of OASIS; ADE20K at 256x256, judge UPerNet-101')

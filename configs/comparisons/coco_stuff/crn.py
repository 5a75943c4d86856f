# ECGAN's tables 1 and 2, COCO-Stuff: CRN.
_base_ = '../../crn/crn_coco_stuff.py'
row = dict(
    title='CRN', order=1, paper={'mIoU': 23.7, 'aAcc': 40.4, 'FID': 70.4, 'ECGAN preferred, %': 95.3},
    conditions='tables 1 and 2 of ECGAN, scores by the authors of SPADE; COCO-Stuff at 256x256, judge DeepLabV2-101')

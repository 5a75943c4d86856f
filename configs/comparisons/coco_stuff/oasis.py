# ECGAN's tables 1 and 2, COCO-Stuff: OASIS.
_base_ = '../../oasis/oasis_coco_stuff.py'
row = dict(
    title='OASIS', order=8, paper={'mIoU': 44.1, 'FID': 17.0, 'ECGAN preferred, %': 82.5},
    conditions='tables 1 and 2 of ECGAN, scores by the authors of OASIS; COCO-Stuff at 256x256, judge DeepLabV2-101')

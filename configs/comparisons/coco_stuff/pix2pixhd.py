# ECGAN's tables 1 and 2, COCO-Stuff: pix2pixHD.
_base_ = '../../pix2pixhd/pix2pixhd_coco_stuff.py'
row = dict(
    title='pix2pixHD', order=3, paper={'mIoU': 14.6, 'aAcc': 45.8, 'FID': 111.5, 'ECGAN preferred, %': 93.9},
    conditions='tables 1 and 2 of ECGAN, scores by the authors of SPADE; COCO-Stuff at 256x256, judge DeepLabV2-101')

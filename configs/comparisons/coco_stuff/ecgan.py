# ECGAN's tables 1 and 2, COCO-Stuff: ECGAN.
_base_ = '../../ecgan/ecgan_coco_stuff.py'
row = dict(
    title='ECGAN', order=9, paper=dict(mIoU=46.3, aAcc=70.5, FID=15.7),
    conditions='table 2 of ECGAN, by its authors; COCO-Stuff at 256x256, judge DeepLabV2-101')

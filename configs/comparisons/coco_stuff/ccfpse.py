# ECGAN's tables 1 and 2, COCO-Stuff: CC-FPSE.
_base_ = '../../ccfpse/ccfpse_coco_stuff.py'
row = dict(
    title='CC-FPSE', order=6, paper={'mIoU': 41.6, 'aAcc': 70.7, 'FID': 19.2, 'ECGAN preferred, %': 86.7},
    conditions='tables 1 and 2 of ECGAN, scores by the authors of CC-FPSE; COCO-Stuff at 256x256, judge DeepLabV2-101')

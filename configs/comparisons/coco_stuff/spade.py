# ECGAN's tables 1 and 2, COCO-Stuff: SPADE (GauGAN).
_base_ = '../../spade/spade_coco_stuff.py'
row = dict(
    title='SPADE (GauGAN)', order=7, paper={'mIoU': 37.4, 'aAcc': 67.9, 'FID': 22.6, 'ECGAN preferred, %': 90.8},
    conditions='tables 1 and 2 of ECGAN, scores by the authors of SPADE; COCO-Stuff at 256x256, judge DeepLabV2-101')

# ECGAN's tables 1 and 2 on ToyCity: CRN.
_base_ = '../../crn/crn_toycity.py'
train_cfg = dict(max_iters=400, val_interval=400)
row = dict(
    like='../cityscapes/crn.py', paper={'pspnet/mIoU': 34.83, 'pspnet/aAcc': 70.55},
    conditions='tables 1 and 2 of ECGAN, scores by the authors of SPADE; Cityscapes at 256x512, judge DRN-D-105; '
               'pspnet: table 1 of pix2pixHD, by its authors; at 512x1024, judge PSPNet')

# ECGAN's tables 1 and 2 on ToyCity: pix2pixHD.
_base_ = '../../pix2pixhd/pix2pixhd_toycity.py'
train_cfg = dict(max_iters=400, val_interval=400)
row = dict(
    like='../cityscapes/pix2pixhd.py', paper={'pspnet/mIoU': 63.89, 'pspnet/aAcc': 83.78},
    conditions='tables 1 and 2 of ECGAN, scores by the authors of SPADE; Cityscapes at 256x512, judge DRN-D-105; '
               'pspnet: table 1 of pix2pixHD, by its authors; at 512x1024, judge PSPNet')

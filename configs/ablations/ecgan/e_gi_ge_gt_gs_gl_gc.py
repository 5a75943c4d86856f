# Table 3, row 6: all of ECGAN.
_base_ = '../../ecgan/ecgan_cityscapes.py'
row = dict(title='+ Gc', paper=dict(mIoU=72.2, aAcc=83.1, FID=44.5))

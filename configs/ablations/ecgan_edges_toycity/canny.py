# Canny edges, on ToyCity. The paper's figures are of Cityscapes.
_base_ = '../ecgan_toycity/e_gi_ge_gt_gs.py'
row = dict(title='Canny', paper=dict(mIoU=64.5, aAcc=82.5, FID=57.1))

# Appendix D, 'Effect of Edge Extraction Methods': Canny edges. The paper does not say of which row of table 3 it is the
# alternative; HED's figures are nearest to row 4's.
_base_ = '../ecgan/e_gi_ge_gt_gs.py'
row = dict(title='Canny', paper=dict(mIoU=64.5, aAcc=82.5, FID=57.1))

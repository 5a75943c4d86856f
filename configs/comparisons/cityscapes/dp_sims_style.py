# Beside ECGAN's tables, Cityscapes: DP-SIMS style.
_base_ = '../../dp_sims_style/dp_sims_style_cityscapes.py'
row = dict(
    title='DP-SIMS style', order=13, paper=dict(mIoU=76.3, FID=38.2),
    conditions='the paper of DP-SIMS, by its authors; its code was not released, and this row is no copy of it')

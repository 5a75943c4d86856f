# Beside ECGAN's tables, ADE20K: DP-SIMS style.
_base_ = '../../dp_sims_style/dp_sims_style_ade20k.py'
row = dict(
    title='DP-SIMS style', order=13, paper=dict(mIoU=54.3, FID=22.7),
    conditions='the paper of DP-SIMS, by its authors; its code was not released, and this row is no copy of it')

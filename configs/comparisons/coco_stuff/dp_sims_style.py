# Beside ECGAN's tables, COCO-Stuff: DP-SIMS style.
_base_ = '../../dp_sims_style/dp_sims_style_coco_stuff.py'
row = dict(
    title='DP-SIMS style', order=13, paper=dict(FID=13.3),
    conditions='the paper of DP-SIMS, by its authors; its code was not released, and this row is no copy of it')

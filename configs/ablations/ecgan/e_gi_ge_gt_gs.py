# Table 3, row 4: also without the label generator and its similarity loss (Gl).
_base_ = './e_gi_ge_gt_gs_gl.py'
model = dict(segmentor=None, losses=dict(similarity=None))
row = dict(title='+ Gs', paper=dict(mIoU=64.5, aAcc=82.5, FID=57.1))

# Table 3, row 4: also without the similarity loss. The label generator (Gl) itself stays in this row and the ones below
# it: its features stand in for VGG's in the perceptual loss.
_base_ = './e_gi_ge_gt_gs_gl.py'
model = dict(losses=dict(similarity=None))
row = dict(title='+ Gs', paper=dict(mIoU=64.5, aAcc=82.5, FID=57.1))

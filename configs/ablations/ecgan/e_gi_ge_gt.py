# Table 3, row 3: also without the semantic preserving module (Gs).
_base_ = './e_gi_ge_gt_gs.py'
model = dict(generator=dict(head=dict(semantic=False)))
row = dict(title='+ Gt', paper=dict(mIoU=61.5, aAcc=82.0, FID=59.0))

# Table 3, row 3: also without the semantic preserving module (Gs), and so without I'.
_base_ = './e_gi_ge_gt_gs.py'
model = dict(generator=dict(head=dict(semantic=False)),
             losses=dict(perceptual=dict(views=dict(_delete_=True, image=1))))
row = dict(title='+ Gt', paper=dict(mIoU=61.5, aAcc=82.0, FID=59.0))

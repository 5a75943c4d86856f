# Table 3, row 2: also without the attention guided edge transfer (Gt).
_base_ = './e_gi_ge_gt.py'
model = dict(generator=dict(head=dict(transfer=False)))
row = dict(title='+ Ge', paper=dict(mIoU=60.2, aAcc=81.7, FID=61.0))

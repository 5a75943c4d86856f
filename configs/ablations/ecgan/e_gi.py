# Table 3, row 1: the encoder and the image generator alone, without the edge generator (Ge).
_base_ = './e_gi_ge.py'
model = dict(generator=dict(head=dict(edges=False)))
train_dataloader = dict(dataset=dict(edges=None))
row = dict(title='E + Gi', paper=dict(mIoU=58.6, aAcc=81.4, FID=65.7))

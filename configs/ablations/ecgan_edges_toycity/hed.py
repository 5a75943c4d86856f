# HED edges of the photos at 64x128, which tools/prepare/edges.py writes, on ToyCity.
_base_ = './canny.py'
train_dataloader = dict(dataset=dict(edges=dict(folder='edges_hed')))
row = dict(title='HED', paper=dict(mIoU=64.5, aAcc=82.3, FID=56.7))

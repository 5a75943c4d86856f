# Appendix D: HED edges of the photos at 256x512, which tools/prepare/edges.py writes; else as canny.py.
_base_ = '../../ecgan/ecgan_cityscapes.py'
model = dict(
    segmentor=None,
    generator=dict(head=dict(class_specific=False, embedding_channels=None)),
    losses=dict(similarity=None, contrastive=None, class_specific=None))
train_dataloader = dict(dataset=dict(edges=dict(folder='edges_hed')))
row = dict(title='HED', paper=dict(mIoU=64.5, aAcc=82.3, FID=56.7))

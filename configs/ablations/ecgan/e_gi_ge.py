# Table 3, row 2: E, Gi and the edge generator Ge.
_base_ = '../../ecgan/ecgan_cityscapes.py'
model = dict(
    segmentor=None,
    generator=dict(head=dict(transfer=False, semantic=False, class_specific=False, embedding_channels=None)),
    losses=dict(similarity=None, contrastive=None, class_specific=None))
row = dict(title='+ Ge', paper=dict(mIoU=60.2, aAcc=81.7, FID=61.0))

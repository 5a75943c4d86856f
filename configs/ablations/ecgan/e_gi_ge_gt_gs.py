# Table 3, row 4: E, Gi, Ge, Gt and the semantic preserving module Gs.
_base_ = '../../ecgan/ecgan_cityscapes.py'
model = dict(
    segmentor=None,
    generator=dict(head=dict(class_specific=False, embedding_channels=None)),
    losses=dict(similarity=None, contrastive=None, class_specific=None))
row = dict(title='+ Gs', paper=dict(mIoU=64.5, aAcc=82.5, FID=57.1))

# Table 3, row 3: E, Gi, Ge and the attention guided edge transfer Gt.
_base_ = '../../ecgan/ecgan_cityscapes.py'
model = dict(
    segmentor=None,
    generator=dict(head=dict(semantic=False, class_specific=False, embedding_channels=None)),
    losses=dict(similarity=None, contrastive=None, class_specific=None))
row = dict(title='+ Gt', paper=dict(mIoU=61.5, aAcc=82.0, FID=59.0))

# Table 3, row 1: the encoder E and the image generator Gi alone.
_base_ = '../../ecgan/ecgan_cityscapes.py'
model = dict(
    segmentor=None,
    generator=dict(head=dict(
        edges=False, transfer=False, semantic=False, class_specific=False, embedding_channels=None)),
    losses=dict(similarity=None, contrastive=None, class_specific=None))
train_dataloader = dict(dataset=dict(edges=None))
row = dict(title='E + Gi', paper=dict(mIoU=58.6, aAcc=81.4, FID=65.7))

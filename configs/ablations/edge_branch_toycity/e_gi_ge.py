# The edge branch as in the paper: the edge view counts as much as the image.
_base_ = '../../ecgan/ecgan_toycity.py'
model = dict(
    generator=dict(head=dict(transfer=False, semantic=False, class_specific=False, embedding_channels=None)),
    losses=dict(similarity=None, contrastive=None, class_specific=None))
row = dict(title='+ Ge', order=2)

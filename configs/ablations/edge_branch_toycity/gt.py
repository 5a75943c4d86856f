# The edge transfer on top of the edge branch, as in the paper.
_base_ = '../../ecgan/ecgan_toycity.py'
model = dict(
    generator=dict(head=dict(semantic=False, class_specific=False, embedding_channels=None)),
    losses=dict(similarity=None, contrastive=None, class_specific=None))
row = dict(title='+ Gt', order=8)

# The edge transfer, where the edge view counts a tenth of the image.
_base_ = '../../ecgan/ecgan_toycity.py'
model = dict(
    generator=dict(head=dict(semantic=False, class_specific=False, embedding_channels=None)),
    losses=dict(similarity=None, contrastive=None, class_specific=None),
    views=dict(edge=dict(weight=0.1)))
row = dict(title='+ Gt, edge view 0.1', order=9)

# The edge view counts a thousandth of the image: the branch is there, and hardly trains.
_base_ = '../../ecgan/ecgan_toycity.py'
model = dict(
    generator=dict(head=dict(transfer=False, semantic=False, class_specific=False, embedding_channels=None)),
    losses=dict(similarity=None, contrastive=None, class_specific=None),
    views=dict(edge=dict(weight=0.001)))
row = dict(title='+ Ge, edge view 0.001', order=4)

# Canny edges, on ToyCity, with the parts of table 3's row 4.
_base_ = '../../ecgan/ecgan_toycity.py'
model = dict(
    generator=dict(head=dict(class_specific=False, embedding_channels=None)),
    losses=dict(similarity=None, contrastive=None, class_specific=None))
row = dict(like='../ecgan_edges/canny.py')

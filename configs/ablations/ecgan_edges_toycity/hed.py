# HED edges of the photos at 64x128, which tools/prepare/edges.py writes, on ToyCity; else as canny.py.
_base_ = '../../ecgan/ecgan_toycity.py'
model = dict(
    generator=dict(head=dict(class_specific=False, embedding_channels=None)),
    losses=dict(similarity=None, contrastive=None, class_specific=None))
train_dataloader = dict(dataset=dict(edges=dict(folder='edges_hed')))
row = dict(like='../ecgan_edges/hed.py')

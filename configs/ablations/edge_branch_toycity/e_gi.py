# No edge branch: the first row of ECGAN's table 3.
_base_ = '../../ecgan/ecgan_toycity.py'
model = dict(
    generator=dict(head=dict(
        edges=False, transfer=False, semantic=False, class_specific=False, embedding_channels=None)),
    losses=dict(similarity=None, contrastive=None, class_specific=None))
train_dataloader = dict(dataset=dict(edges=None))
row = dict(title='E + Gi', order=1)

# No edge branch, at twice the width of the generator.
_base_ = '../../ecgan/ecgan_toycity.py'
model = dict(
    generator=dict(base_channels=32, head=dict(
        edges=False, transfer=False, semantic=False, class_specific=False, embedding_channels=None)),
    losses=dict(similarity=None, contrastive=None, class_specific=None))
train_dataloader = dict(dataset=dict(edges=None))
row = dict(title='E + Gi, twice as wide', order=6)

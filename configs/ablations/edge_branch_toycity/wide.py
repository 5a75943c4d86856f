# Twice the width of the generator: room for both.
_base_ = '../../ecgan/ecgan_toycity.py'
model = dict(
    generator=dict(base_channels=32, head=dict(
        transfer=False, semantic=False, class_specific=False, embedding_channels=None)),
    losses=dict(similarity=None, contrastive=None, class_specific=None))
row = dict(title='+ Ge, twice as wide', order=7)

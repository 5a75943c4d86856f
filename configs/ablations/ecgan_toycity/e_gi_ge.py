# Table 3, row 2, on ToyCity: E, Gi and the edge generator Ge.
# The label generator stays: its features stand in for VGG's in the perceptual loss.
_base_ = '../../ecgan/ecgan_toycity.py'
model = dict(
    generator=dict(head=dict(transfer=False, semantic=False, class_specific=False, embedding_channels=None)),
    losses=dict(similarity=None, contrastive=None, class_specific=None))
row = dict(like='../ecgan/e_gi_ge.py')

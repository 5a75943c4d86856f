# Table 3, row 3, on ToyCity: E, Gi, Ge and the attention guided edge transfer Gt.
# The label generator stays: its features stand in for VGG's in the perceptual loss.
_base_ = '../../ecgan/ecgan_toycity.py'
model = dict(
    generator=dict(head=dict(semantic=False, class_specific=False, embedding_channels=None)),
    losses=dict(similarity=None, contrastive=None, class_specific=None))
row = dict(like='../ecgan/e_gi_ge_gt.py')

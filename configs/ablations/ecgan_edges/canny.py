# Appendix D, 'Effect of Edge Extraction Methods': Canny edges. The paper does not say of which row of table 3 it is the
# alternative; HED's figures are nearest to row 4's, whose parts these are.
_base_ = '../../ecgan/ecgan_cityscapes.py'
model = dict(
    segmentor=None,
    generator=dict(head=dict(class_specific=False, embedding_channels=None)),
    losses=dict(similarity=None, contrastive=None, class_specific=None))
row = dict(like='../ecgan/e_gi_ge_gt_gs.py', title='Canny')

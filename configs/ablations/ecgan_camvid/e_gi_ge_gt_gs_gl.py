# Table 3, row 5, on CamVid: all but pixel-wise contrastive learning and class-specific pixel generation (Gc).
_base_ = '../../ecgan/ecgan_camvid.py'
model = dict(
    generator=dict(head=dict(class_specific=False, embedding_channels=None)),
    losses=dict(contrastive=None, class_specific=None))
row = dict(like='../ecgan/e_gi_ge_gt_gs_gl.py')

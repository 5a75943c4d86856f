# Table 3, row 1, on CamVid: the encoder E and the image generator Gi alone.
# The label generator stays: its features stand in for VGG's in the perceptual loss.
_base_ = '../../ecgan/ecgan_camvid.py'
model = dict(
    generator=dict(head=dict(
        edges=False, transfer=False, semantic=False, class_specific=False, embedding_channels=None)),
    losses=dict(similarity=None, contrastive=None, class_specific=None))
train_dataloader = dict(dataset=dict(edges=None))
row = dict(like='../ecgan/e_gi.py')

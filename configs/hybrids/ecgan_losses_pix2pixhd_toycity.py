# ECGAN's similarity and contrastive losses on pix2pixHD: the contrast needs the head's embedding, nothing else changes.
_base_ = '../pix2pixhd/pix2pixhd_toycity.py'
model = dict(
    generator=dict(head=dict(_delete_=True, type='EdgeGuidedHead', edges=False, transfer=False, semantic=False,
                             class_specific=False, embedding_channels=16)),
    losses=dict(similarity=dict(type='SimilarityLoss', stride=4), contrastive=dict(type='ContrastiveLoss')))

# ECGAN's edge branch with attention guided transfer on OASIS's generator. OASIS's discriminator is told neither layout
# nor modality: as the only one it let images and edge maps trade places. So edge maps have a discriminator of theirs.
# The perceptual loss of ECGAN's configs, which OASIS does without, makes up for hundreds of steps.
_base_ = '../oasis/oasis_toycity.py'
model = dict(
    segmentor=_base_.label_generator,
    generator=dict(head=dict(type='EdgeGuidedHead', semantic=False, class_specific=False, embedding_channels=None)),
    discriminator=dict(_delete_=True, type='SeparateDiscriminators', networks=dict(
        image=dict(type='OASISDiscriminator', base_channels=16, num_downsamples=5, init_gain=1.0),
        edge=dict(type='MultiScaleDiscriminator', base_channels=24, num_layers=3, num_scales=2,
                  norm='spectral_instance'))),
    losses=dict(
        adversarial=dict(views=dict(image=1)), label_mix=dict(views=dict(image=1)),
        perceptual=dict(type='SegmentorFeatureLoss', weight=5, views=dict(image=1)),
        edge_adversarial=dict(type='HingeLoss', reduction='mean', views=dict(edge=1)),
        edge_matching=dict(type='FeatureMatchingLoss', normalise='spade', weight=10, views=dict(edge=1))))
train_dataloader = dict(dataset=dict(edges=dict()))

# ECGAN with its edge branch, contrast and similarity under the discriminator on a frozen network, in place of its own
# for images and of feature matching on these. As that one is told neither the layout nor whether it sees a photo or
# edges, edge maps keep a discriminator like ECGAN's.
_base_ = '../../ecgan/ecgan_toycity.py'
_images = dict(coarse=1, image=2)
model = dict(
    discriminator=dict(_delete_=True, type='SeparateDiscriminators', networks=dict(
        image=dict(type='BackboneDiscriminator', base_channels=16, detail_channels=16),
        edge=dict(type='MultiScaleDiscriminator', base_channels=24, num_layers=3, num_scales=2,
                  norm='spectral_instance', init_gain=1.0))),
    losses=dict(
        adversarial=dict(_delete_=True, type='SegmentationAdversarialLoss', focus=2, views=_images),
        feature_matching=None,
        patch_contrast=dict(type='PatchContrastLoss', views=_images),
        edge_adversarial=dict(type='HingeLoss', reduction='mean', views=dict(edge=1)),
        edge_matching=dict(type='FeatureMatchingLoss', normalise='spade', weight=10, views=dict(edge=1))))
# 1.26 s a step on one core of an AMD EPYC processor, in bfloat16: 420 s in all.
train_cfg = dict(max_iters=335, val_interval=335)
test_evaluator = [*_base_.test_evaluator, dict(type='FrechetEfficientNetLite1')]
row = dict(title='ECGAN, frozen network', order=8)

# ECGAN on CamVid under the discriminator on a frozen network; edge maps keep one like ECGAN's.
_base_ = [
    '../../_base_/models/ecgan_small.py', '../../_base_/datasets/camvid.py', '../../_base_/schedules/camvid.py',
    '../../_base_/judges/camvid_360x480.py', '../../_base_/default_runtime.py'
]
_images = dict(coarse=1, image=2)
model = dict(
    segmentor=_base_.label_generator,
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
train_dataloader = dict(dataset=dict(edges=dict()))
train_cfg = dict(max_iters=420, val_interval=420)
default_hooks = dict(ema=dict(type='GeneratorEMAHook', momentum=0.002))
row = dict(like='../discriminators_toycity/ecgan_frozen_network.py')

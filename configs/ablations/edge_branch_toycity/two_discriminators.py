# A discriminator for images and another for edges: the narrow one need not know both.
_base_ = '../../ecgan/ecgan_toycity.py'
_one = dict(type='MultiScaleDiscriminator', base_channels=24, num_layers=3, num_scales=2, norm='spectral_instance',
            init_gain=1.0)
model = dict(
    generator=dict(head=dict(transfer=False, semantic=False, class_specific=False, embedding_channels=None)),
    discriminator=dict(_delete_=True, type='SeparateDiscriminators', networks=dict(image=_one, edge=_one)),
    losses=dict(similarity=None, contrastive=None, class_specific=None))
row = dict(title='+ Ge, two discriminators', order=5)

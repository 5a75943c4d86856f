# ECGAN with a discriminator for images and another for edges, which appendix A compares with the single one.
_base_ = '../ecgan/ecgan_toycity.py'
one = dict(type='MultiScaleDiscriminator', base_channels=24, num_layers=3, num_scales=2, norm='spectral_instance',
           init_gain=1.0)
model = dict(discriminator=dict(_delete_=True, type='SeparateDiscriminators', networks=dict(image=one, edge=one)))

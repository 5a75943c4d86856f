import pytest

from semsynth.discriminators.base import build_discriminator


@pytest.mark.parametrize(('settings', 'expected'), [
    (dict(type='MultiScaleDiscriminator', norm='instance'), False),
    (dict(type='MultiScaleDiscriminator', norm='spectral_instance'), False),
    (dict(type='MultiScaleDiscriminator', norm='batch'), True),
    (dict(type='SeparateDiscriminators', networks=dict(
        image=dict(type='MultiScaleDiscriminator', norm='instance'),
        edge=dict(type='MultiScaleDiscriminator', norm='batch'))), True),
    (dict(type='OASISDiscriminator'), False),
])
def test_batch_norm_relates_the_images_of_a_batch(settings, expected):
    assert build_discriminator(settings, layout_channels=4, image_channels=3, num_classes=4).relates_images == expected

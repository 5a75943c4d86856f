"""What every discriminator does alike."""

import pytest
import torch

from semsynth.discriminators import SeparateDiscriminators
from semsynth.discriminators.base import build_discriminator
from semsynth.layout import Layout

PATCHES = dict(type='MultiScaleDiscriminator', base_channels=2)
PYRAMID = dict(type='FeaturePyramidDiscriminator', base_channels=2)
OASIS = dict(type='OASISDiscriminator', base_channels=2, num_downsamples=2)
SEPARATE = dict(type='SeparateDiscriminators', networks=dict(image=OASIS, edge=PATCHES))


@pytest.fixture
def layout():
    return Layout(label=torch.randint(4, (2, 32, 48)), num_classes=4)


def assert_same(verdict, expected):
    for scale, other in zip(verdict, expected, strict=True):
        for feature, own in zip(scale, other, strict=True):
            torch.testing.assert_close(feature, own)


@pytest.mark.parametrize('config', [PATCHES, PYRAMID, OASIS], ids=lambda config: config['type'])
def test_kinds_give_one_verdict_for_each_part_of_the_batch(config, layout):
    discriminator = build_discriminator(config, 4, 3, 4).eval()
    images = torch.rand(6, 3, 32, 48)
    verdicts = discriminator(layout.repeat(3), images, ['image', 'edge', 'image'])
    for number, verdict in enumerate(verdicts):
        assert_same(verdict, discriminator(layout, images[2 * number:2 * number + 2]))
    assert discriminator.kinds is None and discriminator.judge_of('edge') is discriminator


def test_separate_ones_judge_by_kind(layout):
    discriminator = build_discriminator(SEPARATE, 4, 3, 4)
    assert isinstance(discriminator, SeparateDiscriminators) and discriminator.kinds == ('image', 'edge')
    assert discriminator.judge_of('edge') is discriminator.networks['edge']
    with pytest.raises(ValueError, match=r'kinds=None, expected the kind \(image, edge\)'):
        discriminator(layout, torch.rand(2, 3, 32, 48))


@pytest.mark.parametrize(('config', 'channels'), [
    (PATCHES, dict(in_channels=6)), (PYRAMID, dict(in_channels=6, image_channels=1)),
    (OASIS, dict(in_channels=1, num_classes=5))], ids=lambda value: value.get('type', ''))
def test_what_the_model_knows_is_filled_in(config, channels):
    """Of layouts with 5 classes and gray images."""
    filled, given = (build_discriminator(each, 5, 1, 5) for each in (config, dict(config, **channels)))
    shapes = [{name: value.shape for name, value in each.state_dict().items()} for each in (filled, given)]
    assert shapes[0] == shapes[1]
    for name, number in channels.items():
        with pytest.raises(ValueError, match=f'{name}={number + 1}, but {config["type"]} would get {number}; leave'):
            build_discriminator(dict(config, **{name: number + 1}), 5, 1, 5)

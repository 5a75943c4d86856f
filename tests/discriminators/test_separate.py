import pytest
import torch

from semsynth.discriminators import SeparateDiscriminators
from semsynth.layout import Layout
from semsynth.registry import DISCRIMINATORS, MODELS
from stubs import batch, config

ONE = dict(type='MultiScaleDiscriminator', base_channels=2, num_scales=2)


def build() -> SeparateDiscriminators:
    return DISCRIMINATORS.build(dict(type='SeparateDiscriminators', in_channels=7, networks=dict(image=ONE, edge=ONE)))


def test_each_kind_goes_to_its_own_and_comes_back_in_its_place():
    discriminator = build()
    layout = Layout(label=torch.randint(4, (2, 32, 48)), num_classes=4)
    images, kinds = torch.rand(8, 3, 32, 48), ['image', 'edge', 'image', 'edge']
    verdict = discriminator(layout.repeat(4), images, kinds)
    for number, kind in enumerate(kinds):
        rows = slice(2 * number, 2 * number + 2)
        alone = discriminator.networks[kind](layout, images[rows])
        for scale, expected in zip(verdict, alone, strict=True):
            for feature, own in zip(scale, expected, strict=True):
                torch.testing.assert_close(feature[rows], own)


def test_one_kind_alone():
    discriminator, layout = build(), Layout(label=torch.randint(4, (2, 32, 48)), num_classes=4)
    image = torch.rand(2, 3, 32, 48)
    found, expected = discriminator(layout, image, ['edge']), discriminator.networks['edge'](layout, image)
    assert all(torch.equal(a, b) for one, other in zip(found, expected, strict=True)
               for a, b in zip(one, other, strict=True))


def model(*kinds, **views):
    one = dict(type='MultiScaleDiscriminator', base_channels=2)
    return MODELS.build(config(views=views, discriminator=dict(
        type='SeparateDiscriminators', networks=dict.fromkeys(kinds, one))))


def test_views_are_judged_by_the_real_image_that_they_imitate():
    built, data = model('image', 'edge', coarse=dict(real='edge')), batch(size=(32, 48))
    data['real']['edge'] = data['real']['image'].flip(0)
    step = built.synthesize(data['layout'], data['real'])
    networks = built.discriminator.networks
    for verdict, network, image in (
            (step.fake_verdicts['coarse'], 'edge', step.outputs['coarse']),
            (step.fake_verdicts['image'], 'image', step.outputs['image']),
            (step.real_verdicts['edge'], 'edge', data['real']['edge']),
            (step.real_verdicts['image'], 'image', data['real']['image'])):
        torch.testing.assert_close(verdict[0][-1], networks[network](data['layout'], image)[0][-1])


def test_networks_that_are_not_the_views_are_named():
    with pytest.raises(ValueError, match='networks are given for edge, image, but the views imitate image; give one'):
        model('image', 'edge')

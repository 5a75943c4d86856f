import copy
from types import SimpleNamespace

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils import parametrize

from semsynth.discriminators import FeaturePyramidDiscriminator
from semsynth.heads.base import View
from semsynth.layout import Layout
from semsynth.losses.adversarial import HingeLoss
from semsynth.losses.feature_matching import FeatureMatchingLoss
from semsynth.registry import DISCRIMINATORS


def scene(height=64, width=96, batch=2):
    layout = Layout(label=torch.randint(4, (batch, height, width)), num_classes=4,
                    instance=torch.randint(9, (batch, height, width)), style=torch.randn(batch, 3, height, width))
    return layout, torch.rand(batch, 3, height, width) * 2 - 1


def build(**changes) -> FeaturePyramidDiscriminator:
    config = dict(type='FeaturePyramidDiscriminator', in_channels=8, base_channels=2)
    return DISCRIMINATORS.build(config | changes)


def shapes(verdict):
    return [[tuple(feature.shape[1:]) for feature in scale] for scale in verdict]


def test_shapes_finest_scale_first_and_gradients():
    discriminator = build()
    verdict = discriminator(*scene())
    assert shapes(verdict) == [[(4, 16, 24), (1, 16, 24)], [(8, 8, 12), (1, 8, 12)],
                               [(16, 4, 6), (16, 2, 3), (1, 4, 6)]]
    sum(scale[-1].square().mean() for scale in verdict).backward()
    assert not [name for name, parameter in discriminator.named_parameters() if parameter.grad is None]
    assert discriminator.returns_features
    copy.deepcopy(discriminator)


def test_odd_sizes_are_rounded_up():
    assert shapes(build()(*scene(67, 93))) == [[(4, 17, 24), (1, 17, 24)], [(8, 9, 12), (1, 9, 12)],
                                               [(16, 5, 6), (16, 3, 3), (1, 5, 6)]]


@torch.no_grad()
def test_equals_the_paper():
    discriminator = build().double().eval()
    layout, image = scene()
    layout = Layout(raw=layout.unstyled.double())
    x = image.double()

    def convolve(layer, features, stride=1):
        out = F.conv2d(features, layer[0].weight, stride=stride, padding=layer[0].weight.shape[-1] // 2)
        mean, variance = out.mean((2, 3), keepdim=True), out.var((2, 3), unbiased=False, keepdim=True)
        out = (out - mean) / (variance + 1e-5).sqrt()
        return torch.where(out > 0, out, 0.2 * out)

    verdict = discriminator(layout, x)
    down = {2: convolve(discriminator.first, x, 2)}
    for level, stride in enumerate((4, 8, 16, 32)):
        down[stride] = convolve(discriminator.encoder[level], down[stride // 2], 2)
    up = {stride: convolve(discriminator.lateral[level], down[stride]) for level, stride in enumerate((4, 8, 16, 32))}
    for stride in (16, 8, 4):
        up[stride] = up[stride] + F.interpolate(up[2 * stride], scale_factor=2, mode='bilinear')
    embedded = discriminator.embedding(layout.raw)  # at full size, averaged afterwards
    for number, stride in enumerate((4, 8, 16)):
        features = convolve(discriminator.final[number], up[stride])
        semantic = F.avg_pool2d(embedded, stride) * discriminator.semantics(features)
        expected = discriminator.realness(features) + semantic.sum(1, keepdim=True)
        torch.testing.assert_close(verdict[number][-1], expected)
        torch.testing.assert_close(verdict[number][0], down[stride])
    torch.testing.assert_close(verdict[2][1], down[32])


@pytest.mark.parametrize(('layout_channels', 'parameters'), [(36, 5_175_873), (151, 5_190_593)])
def test_parameters_are_as_many_as_the_official_ones(layout_channels, parameters):
    with torch.device('meta'):
        discriminator = FeaturePyramidDiscriminator(layout_channels + 3)
    assert sum(parameter.numel() for parameter in discriminator.parameters()) == parameters


def test_gray_images():
    layout, image = scene()
    assert build(in_channels=6, image_channels=1)(layout, image[:, :1])[0][-1].shape == (2, 1, 16, 24)


def test_spectral_norm_spares_the_heads():
    plain = {name for name, layer in build().named_modules()
             if isinstance(layer, nn.Conv2d) and not parametrize.is_parametrized(layer)}
    assert plain == {'realness', 'semantics', 'embedding'}


def test_under_the_losses():
    discriminator, (layout, real) = build(), scene()
    ours, theirs = discriminator(layout, real.flip(0)), discriminator(layout, real)
    step = SimpleNamespace(views=dict(image=View()), fake_verdicts=dict(image=ours),
                           real_features=dict(image=[scale[:-1] for scale in theirs]))
    assert HingeLoss().for_generator(step).item() == pytest.approx(
        -sum(scale[-1].mean().item() for scale in ours) / 3, abs=1e-6)
    compared = [(a - b).abs().mean().item() for one, other in zip(ours, theirs, strict=True)
                for a, b in zip(one[:-1], other[:-1], strict=True)]
    assert FeatureMatchingLoss(normalise='ccfpse').for_generator(step).item() == pytest.approx(sum(compared) / 4)
    assert len(compared) == 4


def test_an_image_too_small_is_refused():
    with pytest.raises(ValueError, match='shrunk to 1x1'):
        build()(*scene(32, 32))

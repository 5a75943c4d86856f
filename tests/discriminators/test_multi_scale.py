import copy

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils import parametrize

from helpers.settle import settle
from semsynth.discriminators import MultiScaleDiscriminator
from semsynth.layout import Layout
from semsynth.registry import DISCRIMINATORS

NORMS = ['instance', 'batch', 'spectral_instance']


def scene(height=64, width=128):
    layout = Layout(label=torch.randint(4, (2, height, width)), num_classes=4,
                    instance=torch.randint(9, (2, height, width)), style=torch.randn(2, 3, height, width))
    return layout, torch.rand(2, 3, height, width) * 2 - 1


def build(**changes) -> MultiScaleDiscriminator:
    return DISCRIMINATORS.build(dict(type='MultiScaleDiscriminator', in_channels=8, base_channels=2) | changes)


@pytest.mark.parametrize('norm', NORMS)
def test_shapes_finest_scale_first_and_gradients(norm):
    discriminator = build(norm=norm)
    verdict = discriminator(*scene())
    assert [tuple(feature.shape[1:]) for feature in verdict[0]] == [
        (2, 33, 65), (4, 17, 33), (8, 9, 17), (16, 10, 18), (1, 11, 19)]
    assert [tuple(feature.shape[1:]) for feature in verdict[1]] == [
        (2, 17, 33), (4, 9, 17), (8, 5, 9), (16, 6, 10), (1, 7, 11)]
    sum(scale[-1].square().mean() for scale in verdict).backward()
    assert not [name for name, parameter in discriminator.named_parameters() if parameter.grad is None]
    assert discriminator.returns_features
    copy.deepcopy(discriminator)


def test_equals_the_paper():
    discriminator = build(num_scales=2)
    layout, image = scene(18, 25)
    x = torch.cat([layout.one_hot, layout.unstyled[:, 4:], image], dim=1)
    verdict = discriminator(layout, image)
    for number, named in enumerate(('1', '0')):  # the coarsest is named 0
        layers = [layer for layer in discriminator.scales.get_submodule(named).modules()
                  if isinstance(layer, nn.Conv2d)]
        features = x if number == 0 else F.avg_pool2d(x, 3, 2, 1, count_include_pad=False)
        for position, (layer, stride) in enumerate(zip(layers, (2, 2, 2, 1, 1), strict=True)):
            features = F.conv2d(features, layer.weight, layer.bias, stride=stride, padding=2)
            if 0 < position < 4:
                features = F.instance_norm(features)
            if position < 4:
                features = F.leaky_relu(features, 0.2)
            assert torch.allclose(verdict[number][position], features, atol=1e-5)


def test_adding_a_finer_scale_keeps_names():
    small, large = build(num_scales=2), build(num_scales=3)
    large.load_state_dict(small.state_dict(), strict=False)
    layout, image = scene()
    half = F.avg_pool2d(torch.cat([layout.unstyled, image], 1), 3, 2, 1, count_include_pad=False)
    expected = small(Layout(raw=half[:, :5]), half[:, 5:])
    assert all(torch.allclose(a, b, atol=1e-6) for a, b in zip(large(layout, image)[1], expected[0], strict=True))


@pytest.mark.parametrize(('changes', 'parameters'), [
    (dict(num_scales=2), 5_603_202), (dict(num_scales=3), 8_404_803), (dict(norm='spectral_instance'), 5_601_410),
    (dict(norm='spectral_instance', in_channels=154), 5_836_930)])
def test_parameters_are_as_many_as_the_official_ones(changes, parameters):
    with torch.device('meta'):
        discriminator = MultiScaleDiscriminator(**{'in_channels': 39, **changes})
    assert sum(parameter.numel() for parameter in discriminator.parameters()) == parameters


def test_spectral_norm_spares_first_and_last_convolution():
    for scale in build(norm='spectral_instance').scales:
        convolutions = [layer for layer in scale.modules() if isinstance(layer, nn.Conv2d)]
        assert [parametrize.is_parametrized(layer) for layer in convolutions] == [False, True, True, True, False]
        assert [layer.bias is None for layer in convolutions] == [False, True, True, True, False]


def test_spectral_all_is_all_layers():
    spared, every = build(norm='spectral_instance'), build(norm='spectral_instance', spectral='all')
    convolutions = [layer for layer in every.modules() if isinstance(layer, nn.Conv2d)]
    assert len(convolutions) == 10 and all(map(parametrize.is_parametrized, convolutions))
    assert sum(map(torch.numel, every.parameters())) == sum(map(torch.numel, spared.parameters()))
    verdict = every(*scene())
    sum(scale[-1].square().mean() for scale in verdict).backward()
    assert all(parameter.grad.isfinite().all() for parameter in every.parameters())
    settle(every)
    for layer in convolutions:
        assert torch.linalg.matrix_norm(layer.weight.flatten(1), 2).item() == pytest.approx(1, abs=0.02)


@pytest.mark.parametrize(('changes', 'message'), [
    (dict(norm='spectral_instance', spectral='none'), "spectral='none' is unknown; use one of spade, all"),
    (dict(spectral='all'), "spectral='all' normalises no layer with norm='instance'; set norm='spectral_instance' or"),
    (dict(norm='batch', spectral='all'), "normalises no layer with norm='batch'")])
def test_spectral_where_it_cannot_be(changes, message):
    with pytest.raises(ValueError, match=message):
        build(**changes)


def test_unknown_norm_is_named():
    with pytest.raises(ValueError, match="norm='layer' is unknown; use one of instance, batch, spectral_instance"):
        build(norm='layer')


def test_an_image_of_one_pixel_is_refused():
    with pytest.raises(ValueError, match='shrunk to 1x1'):
        build(num_scales=1)(*scene(1, 1))

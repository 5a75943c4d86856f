import copy

import pytest
import torch
from torch import nn
from torch.nn.utils import parametrize

from semsynth.layers.norm import InstanceNorm, spectral_norm


def test_instance_norm_equals_the_formula():
    x = torch.randn(2, 3, 5, 7, dtype=torch.float64)
    mean, variance = x.mean((2, 3), keepdim=True), x.var((2, 3), unbiased=False, keepdim=True)
    assert torch.allclose(InstanceNorm(3)(x), (x - mean) / (variance + 1e-5).sqrt())


def test_instance_norm_keeps_its_statistics_exact_in_bfloat16():
    x = (torch.randn(1, 4, 32, 32) + 30).bfloat16()
    normalised = InstanceNorm(4)(x)
    assert normalised.dtype == torch.bfloat16
    exact = (x.double() - x.double().mean((2, 3), keepdim=True)) / x.double().std((2, 3), keepdim=True)
    assert (normalised - exact).abs().max() < 0.02  # the result's rounding; torch's own statistics give 0.07


def test_instance_norm_names_the_size_of_a_map_that_has_shrunk_to_a_pixel():
    with pytest.raises(ValueError, match='map of 3 channels has shrunk to 1x1'):
        InstanceNorm(3)(torch.randn(2, 3, 1, 1))


def test_instance_norm_has_no_parameters_and_no_state():
    assert not InstanceNorm(3).state_dict()


def test_spectral_norm_reaches_every_layer_once():
    net = nn.Sequential(nn.Conv2d(3, 4, 3), nn.Sequential(nn.ConvTranspose2d(4, 5, 3), nn.Linear(5, 2)))
    spectral_norm(spectral_norm(net))
    assert [len(layer.parametrizations.weight) for layer in net.modules() if parametrize.is_parametrized(layer)] == \
        [1, 1, 1]


def test_spectral_norm_divides_by_the_largest_singular_value():
    layer = spectral_norm(nn.Conv2d(3, 4, 3)).double()
    for _ in range(50):
        weight = layer.weight
    assert torch.linalg.matrix_norm(weight.flatten(1), 2).item() == pytest.approx(1, abs=1e-6)


def test_spectral_norm_survives_deep_copies_after_a_forward_with_gradient():
    layer = spectral_norm(nn.Conv2d(3, 4, 3))
    layer(torch.randn(1, 3, 5, 5)).sum().backward()
    twin = copy.deepcopy(layer).eval()
    x = torch.randn(1, 3, 5, 5)
    assert torch.equal(twin(x), layer.eval()(x))

import copy

import pytest
import torch
from torch import nn
from torch.nn.utils import parametrize

from semsynth.layers.class_convolution import ClassConvolution
from semsynth.layers.norm import BatchNorm, GroupNorm, InstanceNorm, bake, spectral_norm


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


@pytest.mark.parametrize('norm', [InstanceNorm(32), GroupNorm(4, 32), GroupNorm(1, 32)])
@pytest.mark.parametrize('batch', [1, 2])
def test_norms_are_as_exact_channels_last(norm, batch):
    x = torch.randn(batch, 32, 40, 50) + 30  # torch's own group norm is 3e-3 to 1e-2 off
    exact = copy.deepcopy(norm).double()(x.double())
    for order in (torch.contiguous_format, torch.channels_last):
        assert (norm(x.contiguous(memory_format=order)) - exact).abs().max() < 2e-5


def test_instance_norm_with_scale_equals_torchs():
    ours, torchs = InstanceNorm(3, affine=True).double(), nn.InstanceNorm2d(3, affine=True).double()
    assert ours.state_dict().keys() == torchs.state_dict().keys() == {'weight', 'bias'}
    torchs.load_state_dict({'weight': torch.randn(3), 'bias': torch.randn(3)})
    ours.load_state_dict(torchs.state_dict())
    x = torch.randn(2, 3, 5, 7, dtype=torch.float64)
    assert torch.allclose(ours(x), torchs(x))


def test_instance_norm_names_the_size_of_a_map_that_has_shrunk_to_a_pixel():
    with pytest.raises(ValueError, match='map of 3 channels has shrunk to 1x1'):
        InstanceNorm(3)(torch.randn(2, 3, 1, 1))


def test_batch_norm_names_a_batch_of_one_pixel():
    norm = BatchNorm(3)
    with pytest.raises(ValueError, match='map of 3 channels of a batch of one has shrunk to 1x1'):
        norm(torch.randn(1, 3, 1, 1))
    for larger in (torch.randn(2, 3, 1, 1), torch.randn(1, 3, 1, 2)):
        assert norm(larger).shape == larger.shape
    assert norm.eval()(torch.randn(1, 3, 1, 1)).isfinite().all()


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


LAYERS = [nn.Conv2d(3, 5, 3), nn.ConvTranspose2d(3, 5, 4), nn.Linear(6, 4), nn.Conv2d(4, 1, 1)]


@pytest.mark.parametrize('layer', LAYERS, ids=repr)
def test_spectral_norm_iterates_as_torchs_first_one(layer):
    """That of the papers' codes, ``torch.nn.utils.spectral_norm``: weights, gradients and vectors of three steps."""
    ours, theirs = copy.deepcopy(layer), torch.nn.utils.spectral_norm(copy.deepcopy(layer))
    spectral_norm(ours)
    estimate, x = ours.parametrizations.weight[0], torch.randn(2, *dict(Linear=(6,)).get(
        type(layer).__name__, (layer.weight.shape[isinstance(layer, nn.Conv2d)], 6, 7)))
    estimate._u.copy_(theirs.weight_u)
    estimate._v.copy_(theirs.weight_v)
    steps = [torch.optim.SGD(each.parameters(), lr=0.1) for each in (ours, theirs)]
    for _ in range(3):
        found, expected = ours(x), theirs(x)
        torch.testing.assert_close(found, expected)
        for loss, step in zip((found, expected), steps, strict=True):
            step.zero_grad()
            loss.square().mean().backward()
            step.step()
        torch.testing.assert_close(ours.parametrizations.weight.original, theirs.weight_orig)
        torch.testing.assert_close(estimate._u, theirs.weight_u)
        torch.testing.assert_close(estimate._v, theirs.weight_v)
    torch.testing.assert_close(ours.eval()(x), theirs.eval()(x))


def test_spectral_norm_does_not_iterate_when_it_is_built():
    torch.manual_seed(1)
    layer = spectral_norm(nn.Conv2d(3, 4, 3))
    torch.manual_seed(1)
    theirs = torch.nn.utils.spectral_norm(nn.Conv2d(3, 4, 3))
    estimate = layer.parametrizations.weight[0]
    assert torch.equal(estimate._u, theirs.weight_u) and torch.equal(estimate._v, theirs.weight_v)
    weight = layer.eval().weight
    assert torch.equal(layer.weight, weight) and torch.equal(estimate._u, theirs.weight_u)


def test_a_batch_judged_within_a_turn_does_not_iterate_again():
    layer, theirs = spectral_norm(nn.Conv2d(3, 4, 3)), torch.nn.utils.spectral_norm(nn.Conv2d(3, 4, 3))
    estimate, x = layer.parametrizations.weight[0], torch.randn(1, 3, 5, 5)
    theirs.load_state_dict({'weight_orig': layer.parametrizations.weight.original, 'weight_u': estimate._u,
                            'weight_v': estimate._v, 'bias': layer.bias})
    with parametrize.cached():
        first, second = layer(x), layer(x)
    expected = theirs(x)
    assert torch.equal(first, second)
    torch.testing.assert_close(first, expected)


def test_both_of_two_passes_get_their_gradients():
    layer, x = spectral_norm(nn.Conv2d(3, 4, 3)), torch.randn(1, 3, 5, 5)
    weights = [layer.weight, layer.weight]
    assert not torch.equal(*weights)
    (weights[0].sum() - weights[1].square().sum()).backward()
    assert layer.parametrizations.weight.original.grad.isfinite().all() and layer(x).isfinite().all()


def test_spectral_norm_survives_deep_copies_after_a_forward_with_gradient():
    layer = spectral_norm(nn.Conv2d(3, 4, 3))
    layer(torch.randn(1, 3, 5, 5)).sum().backward()
    twin = copy.deepcopy(layer).eval()
    x = torch.randn(1, 3, 5, 5)
    assert torch.equal(twin(x), layer.eval()(x))


def test_baked_weights_are_those_that_spectral_norm_gave():
    part = spectral_norm(nn.ModuleList([nn.Conv2d(3, 4, 3), nn.ConvTranspose2d(3, 4, 2), ClassConvolution(2, 3, 4)]))
    part.eval()
    x = torch.randn(1, 3, 5, 6)
    expected = [layer.weight.detach().clone() for layer in part], part[0](x), part[1](x)
    weights, *results = bake(part) and [[layer.weight for layer in part], part[0](x), part[1](x)]
    assert all(map(torch.equal, weights, expected[0])) and all(map(torch.equal, results, expected[1:]))
    assert set(part.state_dict()) == {f'{number}.{name}' for number in range(3) for name in ('weight', 'bias')}
    assert all(isinstance(weight, nn.Parameter) for weight in weights)


def test_plain_parts_stay_as_they_are():
    part = nn.Conv2d(3, 4, 3)
    weight = part.weight
    assert bake(part) is part and part.weight is weight

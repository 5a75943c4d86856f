import copy

import pytest
import torch
from torch import nn
from torch.nn.utils import parametrize

from semsynth.layers.class_convolution import ClassConvolution
from semsynth.layers.init import init_normal, init_xavier, init_xavier_uniform
from semsynth.layers.spectral import spectral_norm

FANS = 9 * 32 + 9 * 64  # of one class


def test_draws_as_torchs_convolution():
    layer, one = ClassConvolution(num_classes=20, in_channels=32, out_channels=64), nn.Conv2d(32, 64, 3)
    for ours, torchs in ((layer.kernels, one.weight), (layer.bias, one.bias)):
        assert ours[0].shape == torchs.shape
        assert ours.abs().max().item() == pytest.approx(torchs.abs().max().item(), rel=0.05)
        assert ours.std().item() == pytest.approx(torchs.std().item(), rel=0.1)


@pytest.mark.parametrize(('initialise', 'expected'), [
    (init_normal, 0.02), (init_xavier, 0.02 * (2 / FANS) ** 0.5), (init_xavier_uniform, (2 / FANS) ** 0.5)])
def test_each_class_is_initialised_as_a_convolution_of_its_own(initialise, expected):
    layer = ClassConvolution(num_classes=5, in_channels=32, out_channels=64)
    initialise(layer)
    for kernels in layer.kernels:
        assert kernels.std().item() == pytest.approx(expected, rel=0.03)
    assert layer.bias.any() == (initialise is init_normal)


def test_spectral_norm_of_each_class():
    layer = spectral_norm(spectral_norm(ClassConvolution(num_classes=3, in_channels=4, out_channels=5)))
    assert len(layer.parametrizations.weight) == 1
    for _ in range(50):
        weight = layer.kernels
    largest = torch.linalg.matrix_norm(weight.flatten(2), 2)
    assert torch.allclose(largest, torch.ones(3), atol=1e-5)
    assert torch.equal(layer.eval().weight, layer.weight)  # no step of the estimate


def test_spectral_norm_iterates_as_torchs_of_one_convolution():
    ours, torchs = ClassConvolution(num_classes=2, in_channels=4, out_channels=5), nn.Conv2d(4, 5, 3)
    with torch.no_grad():
        ours.kernels[1] = torchs.weight
    spectral_norm(ours).double()
    theirs = torch.nn.utils.spectral_norm(torchs.double())
    estimate = ours.parametrizations.weight[0]
    estimate.u[1] = theirs.weight_u
    estimate.v[1] = theirs.weight_v.view(4, 9).mT.flatten()  # ours has channels last
    x, aim = torch.randn(1, 4, 6, 7, dtype=torch.float64), torch.randn(5, 4, 3, 3)
    for _ in range(3):  # each a step of the estimate
        weight, _ = ours.kernels[1], theirs(x)
        assert torch.allclose(weight, theirs.weight)
    (weight * aim).sum().backward()
    (theirs.weight * aim).sum().backward()
    gradient = ours.parametrizations.weight.original.grad.unflatten(0, (2, 5))
    assert torch.allclose(gradient[1], theirs.weight_orig.grad) and not gradient[0].any()
    assert torch.allclose(estimate.u[1], theirs.weight_u)


def test_spectral_norm_is_as_exact_under_autocast():
    layer = spectral_norm(ClassConvolution(num_classes=2, in_channels=8, out_channels=6))
    twin = copy.deepcopy(layer)
    with torch.autocast('cpu', torch.bfloat16):
        weight = layer.weight
    assert torch.equal(weight, twin.weight)


def test_the_order_in_memory_survives_copies_checkpoints_and_steps(tmp_path):
    layer = ClassConvolution(num_classes=2, in_channels=4, out_channels=5)
    spectral_norm(layer)
    layer.weight.sum().backward()
    torch.optim.Adam(layer.parameters()).step()
    torch.save(layer.state_dict(), tmp_path / 'layer.pth')
    twin = copy.deepcopy(layer).double().float()
    twin.load_state_dict(torch.load(tmp_path / 'layer.pth'))
    for each in (layer, twin):
        assert each.weight.is_contiguous(memory_format=torch.channels_last) and parametrize.is_parametrized(each)
    assert torch.equal(twin.eval().weight, layer.eval().weight)

import json

import pytest
import torch
import torch.nn.functional as F

from helpers.commands import run_python

pytest.importorskip('triton')
from semsynth.layers import norm_kernels as kernels

DEVICE = 'cuda' if torch.cuda.is_available() else 'cpu'
"""On a CPU, conftest.py has Triton interpret its kernels."""
pytestmark = [pytest.mark.gpu] if DEVICE == 'cuda' else []
ORDERS = [torch.contiguous_format, torch.channels_last]


def formula(x, gamma, beta, slope):
    """In float64."""
    x, gamma, beta = (None if each is None else each.double() for each in (x, gamma, beta))
    mean = x.mean((2, 3), keepdim=True)
    value = (x - mean) / ((x - mean).square().mean((2, 3), keepdim=True) + 1e-5).sqrt()
    return F.leaky_relu(value if gamma is None else value * (1 + gamma) + beta, slope)


def compare(shape, modulated, slope, order=torch.contiguous_format, dtype=torch.float32, away=0., tolerance=2e-5):
    """Results and gradients with the formula's."""
    maps = [torch.randn(shape, device=DEVICE).to(dtype, memory_format=order) for _ in range(3 if modulated else 1)]
    maps[0] += away
    inputs = [each.requires_grad_() for each in maps] + [None] * (3 - len(maps))
    y = kernels.normalise(*inputs, slope)
    assert y.dtype == dtype and y.is_contiguous(memory_format=order)
    upstream = torch.randn_like(y)
    found = [y, *torch.autograd.grad(y, maps, upstream)]
    exact = formula(*inputs, slope)
    expected = [exact, *torch.autograd.grad(exact, maps, upstream.double())]
    for ours, theirs, of in zip(found, expected, [y, *maps], strict=True):
        assert ours.dtype == dtype and ours.stride() == of.stride()
        # the gradient of two pixels is near 0
        assert (ours.double() - theirs).norm() < tolerance * theirs.norm() + 1e-6


@pytest.fixture
def small_tiles(monkeypatch):
    """Several tiles in a run, several runs, and parts of both."""
    monkeypatch.setattr(kernels, 'TILE', 32)
    monkeypatch.setattr(kernels, 'CHANNELS', 4)
    monkeypatch.setattr(kernels, 'PROGRAMS', 8)


@pytest.mark.parametrize('order', ORDERS)
@pytest.mark.parametrize('modulated', [False, True])
@pytest.mark.parametrize('slope', [1, 0.2, 0])
@pytest.mark.usefixtures('small_tiles')
def test_equals_the_formula(modulated, slope, order):
    compare((2, 3, 5, 13), modulated, slope, order)


@pytest.mark.parametrize('order', ORDERS)
@pytest.mark.parametrize('shape', [(1, 1, 1, 2), (1, 3, 5, 7), (3, 5, 1, 40), (1, 70, 2, 3), (1, 2, 50, 70)])
def test_any_size(shape, order):
    compare(shape, False, 1, order)


@pytest.mark.parametrize('order', ORDERS)
@pytest.mark.usefixtures('small_tiles')
def test_a_mean_far_from_zero_costs_no_digits(order):
    """Beyond those that rounding x costs, which is 1e-4 of its spread here."""
    compare((1, 3, 8, 12), False, 1, order, away=1000., tolerance=1e-4)


@pytest.mark.parametrize('order', ORDERS)
@pytest.mark.usefixtures('small_tiles')
def test_maps_in_bfloat16_are_rounded_once(order):
    """Triton's interpreter cuts off where a GPU rounds."""
    compare((2, 3, 5, 13), True, 0.2, order, torch.bfloat16, away=30., tolerance=6e-3)
    x = (torch.randn(1, 4, 16, 16, device=DEVICE) + 30).bfloat16().contiguous(memory_format=order)
    exact = formula(x, None, None, 1)
    assert ((kernels.normalise(x) - exact).abs() <= exact.abs() * 2 ** -7 + 1e-5).all()


def test_maps_in_another_order_than_x():
    x, gamma, beta = (torch.randn(2, 4, 5, 6, device=DEVICE) for _ in range(3))
    x, gamma, beta = x.contiguous(memory_format=torch.channels_last), gamma, beta.mT.contiguous().mT
    found, exact = kernels.normalise(x, gamma, beta, 0.2), formula(x, gamma, beta, 0.2)
    assert (found - exact).abs().max() < 1e-5
    part = torch.randn(2, 8, 5, 12, device=DEVICE)[:, ::2, :, ::2]
    assert (kernels.normalise(part) - formula(part, None, None, 1)).abs().max() < 1e-5


@pytest.mark.filterwarnings('ignore:invalid value')
def test_what_is_not_a_number_stays_in_its_channel():
    x = torch.randn(1, 3, 4, 5, device=DEVICE)
    x[0, 1, 2, 3] = float('nan')
    assert kernels.normalise(x).isnan().flatten(2).all(2).tolist() == [[False, True, False]]


@pytest.mark.slow
def test_kernels_compile_for_hopper():
    """Without a GPU; in a process where Triton compiles. No kernel spills, and two programs fit a multiprocessor."""
    done = run_python('-m', 'helpers.compile_norm', TRITON_INTERPRET='0')
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert len(found) == 16
    for kernel in found:
        assert kernel['spilled'] == 0 and kernel['registers'] <= 128, kernel

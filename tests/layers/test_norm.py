import copy

import pytest
import torch
from torch import nn

from semsynth.layers.norm import BatchNorm, GroupNorm, InstanceNorm


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

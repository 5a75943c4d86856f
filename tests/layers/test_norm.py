import copy

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from semsynth.layers.norm import BatchNorm, GroupNorm, InstanceNorm, fuse_norms
from semsynth.studies.benchmark.imagined_gpu import DEVICE, imagined_gpu


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


def test_instance_norm_of_half_precision_casts_no_map_on_a_gpu():
    calls = []
    x = (5 + torch.randn(2, 8, 16, 12)).bfloat16()
    with imagined_gpu(calls.append):
        maps = x.to(DEVICE).requires_grad_()
        calls.clear()
        y = F.leaky_relu(InstanceNorm(8)(maps * 1), 0.9, inplace=True)
        y.sum().backward()
        names = {call.operation.overloadpacket.__name__ for call in calls}
        found, gradient = y.cpu().double(), maps.grad.cpu()
    exact = x.double().requires_grad_()
    expected = F.leaky_relu(F.instance_norm(exact), 0.9)
    expected.sum().backward()
    torch.testing.assert_close(found, expected.detach(), rtol=0, atol=0.1)
    assert gradient.dtype == torch.bfloat16 and (gradient - exact.grad).abs().max() < 0.15
    assert 'native_batch_norm' in names and not names & {'_to_copy', 'clone', 'copy_'}


@pytest.mark.gpu
def test_instance_norm_of_half_precision_on_a_gpu():
    """A mean of 30 times the spread: what is lost is what the input's own rounding loses."""
    x = (30 + torch.randn(2, 8, 64, 48, dtype=torch.float64)).bfloat16()
    expected = F.instance_norm(x.double())
    for order in torch.contiguous_format, torch.channels_last:
        y = InstanceNorm(8)(x.cuda().to(memory_format=order))
        assert y.dtype == torch.bfloat16
        torch.testing.assert_close(y.cpu().double(), expected, rtol=2**-8, atol=2**-8)


def test_instance_norm_with_what_follows_it():
    x, gamma, beta = (torch.randn(2, 3, 5, 7, dtype=torch.float64) for _ in range(3))
    norm = InstanceNorm(3)
    expected = F.leaky_relu(norm(x) * (1 + gamma) + beta, 0.2)
    torch.testing.assert_close(norm(x, gamma, beta, 0.2), expected, rtol=1e-12, atol=1e-12)
    assert expected.min() < 0


def test_fused_norms_change_nothing_on_a_cpu():
    x, network = torch.randn(2, 3, 5, 7), nn.Sequential(InstanceNorm(3), InstanceNorm(3, affine=True), BatchNorm(3))
    expected = network(x)
    assert torch.equal(fuse_norms(network)(x), expected)
    assert network[0].fused and network[1].fused and not InstanceNorm(3).fused


@pytest.mark.gpu
@pytest.mark.parametrize('order', [torch.contiguous_format, torch.channels_last])
def test_fused_norms_on_a_gpu(order):
    maps = [torch.randn(2, 70, 40, 50, device='cuda').contiguous(memory_format=order) for _ in range(3)]
    norm = InstanceNorm(70)
    expected, found = norm(*maps, 0.2), fuse_norms(copy.deepcopy(norm))(*maps, 0.2)
    assert found.is_contiguous(memory_format=order)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize('affine', [True, False])
def test_batch_norm_is_torchs_but_for_the_count_of_batches(affine):
    ours, theirs, x = BatchNorm(3, affine=affine), nn.BatchNorm2d(3, affine=affine), torch.randn(2, 3, 5, 4)
    for _ in range(2):
        torch.testing.assert_close(ours(x), theirs(x))
    assert ours.num_batches_tracked == 0 and theirs.num_batches_tracked == 2
    states = [{key: value for key, value in norm.state_dict().items() if not key.endswith('tracked')}
              for norm in (ours, theirs)]
    torch.testing.assert_close(*states)
    for norm in ours, theirs:  # as update_bn has it: the mean over all batches, for which they are counted
        norm.reset_running_stats()
        norm.momentum = None
        norm(x), norm(2 * x)
    torch.testing.assert_close(ours.running_mean, theirs.running_mean)
    torch.testing.assert_close(ours.eval()(x), theirs.eval()(x))

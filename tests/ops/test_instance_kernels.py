import json

import pytest
import torch
from torch.autograd import gradcheck, gradgradcheck

from helpers.commands import run_python
from semsynth.ops import instance_mean

pytest.importorskip('triton')
from semsynth.ops import instance_kernels

DEVICE = 'cuda' if torch.cuda.is_available() else 'cpu'
"""On a CPU, conftest.py has Triton interpret its kernels."""
pytestmark = [pytest.mark.gpu] if DEVICE == 'cuda' else []
IDS = dict(cityscapes=[7, 11, 33_001, 26_002], wide=[2**31 + 5, 2**31 + 6, 2**40, 5, -2**63],
           negative=[-1, -2**31, 0, 1], one=[24])


def example(ids, size, images=2, channels=3, dtype=torch.float64):
    values = torch.randn(images, channels, *size, dtype=dtype, device=DEVICE, requires_grad=True)
    return values, torch.tensor(ids, device=DEVICE)[torch.randint(len(ids), (images, *size), device=DEVICE)]


def agree(values, instance, tolerance=1e-12):
    """Whether means and gradients are those of the plain torch version."""
    upstream = torch.randn_like(values)
    for ours, theirs in zip(*([found, *torch.autograd.grad(found, values, upstream)] for found in (
            instance_kernels.mean(values, instance), instance_mean(values, instance))), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize('kind', IDS)
def test_equals_the_plain_version(kind):
    agree(*example(IDS[kind], (35, 70)))  # several tiles, and parts of them


@pytest.mark.parametrize('channels', [1, 4, 6])
@pytest.mark.parametrize('memory_format', [torch.contiguous_format, torch.channels_last])
def test_any_number_of_channels_in_either_order_in_memory(channels, memory_format):
    values, instance = example([5, 2, 9], (17, 5), 2, channels)
    values = values.detach().to(memory_format=memory_format).requires_grad_()
    agree(values, instance)
    if channels > 1:
        assert instance_kernels.mean(values, instance).is_contiguous(memory_format=memory_format)


@pytest.mark.parametrize('count', [31, 33, 200])
def test_tiles_of_more_instances_than_are_added_one_by_one(count):
    agree(*example(range(count), (16, 64)))


def test_every_pixel_its_own_instance():
    """All ids of a table that is half full, which collide, and a single pixel."""
    for size in ((16, 32), (1, 1)):
        values, _ = example([0], size)
        instance = torch.arange(values[:, 0].numel(), device=DEVICE).view(values[:, 0].shape).flip(0) * 2 ** 40
        torch.testing.assert_close(instance_kernels.mean(values, instance), values, rtol=1e-15, atol=0)


def test_ids_may_be_of_any_integer_type():
    values, instance = example([0, 7, 11, 127], (9, 8))
    for kind in (torch.uint8, torch.int8, torch.int16, torch.int32):
        agree(values, instance.to(kind))


def test_float32():
    agree(*example(IDS['cityscapes'], (33, 65), dtype=torch.float32), tolerance=1e-5)


def test_gradient():
    values, instance = example([1, 2, 9], (2, 3), images=1, channels=1)
    assert gradcheck(lambda x: instance_kernels.mean(x, instance), values, fast_mode=True)
    assert gradgradcheck(lambda x: instance_kernels.mean(x, instance), values, fast_mode=True)


def test_an_upstream_gradient_without_memory_of_its_own():
    values, instance = example([1, 2, 9], (3, 4))
    instance_kernels.mean(values, instance).sum().backward()
    torch.testing.assert_close(values.grad, torch.ones_like(values), rtol=1e-12, atol=1e-12)


@pytest.mark.slow
def test_kernels_compile_for_hopper():
    """Without a GPU; in a process where Triton compiles."""
    done = run_python('-m', 'helpers.compile_instance', TRITON_INTERPRET='0')
    assert done.returncode == 0, done.stderr
    for kernel in json.loads(done.stdout):
        assert kernel['spilled'] == 0 and 3 * kernel['registers'] * 32 * instance_kernels.WARPS <= 65536  # three tiles

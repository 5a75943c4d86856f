"""Convolutions within objects, against a loop and against torch's own."""

import pytest
import torch
import torch.nn.functional as F

from semsynth.ops.object_convolution import object_convolution


def convolve(x, objects, weight, bias, stride):
    """Pixel by pixel, in float64."""
    x, weight, bias = x.double(), weight.double(), bias.double()
    batch, _, height, width = x.shape
    result = torch.zeros(batch, len(weight), -(-height // stride), -(-width // stride), dtype=torch.float64)
    for b, row, column in torch.cartesian_prod(*map(torch.arange, (batch, *result.shape[2:]))):
        y, z, seen = row * stride, column * stride, 0
        for down, across in torch.cartesian_prod(torch.arange(3), torch.arange(3)):
            i, j = y + down - 1, z + across - 1
            if 0 <= i < height and 0 <= j < width and objects[b, i, j] == objects[b, y, z]:
                result[b, :, row, column] += weight[:, :, down, across] @ x[b, :, i, j]
                seen += 1
        result[b, :, row, column] *= 9 / seen
    return result + bias.view(-1, 1, 1)


@pytest.mark.parametrize('order', [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize('stride', [1, 2])
@pytest.mark.parametrize('size', [(6, 8), (5, 7), (1, 1)])
def test_equals_a_loop(size, stride, order):
    x, objects = torch.randn(2, 3, *size), torch.randint(-1, 2, (2, *size))
    weight, bias = torch.randn(4, 3, 3, 3), torch.randn(4)
    found = object_convolution(x.to(memory_format=order), objects, weight, bias, stride)
    torch.testing.assert_close(found.double(), convolve(x, objects, weight, bias, stride), atol=1e-4, rtol=1e-4)


def test_inside_of_an_object_it_is_a_convolution():
    x, weight = torch.randn(1, 3, 7, 8), torch.randn(4, 3, 3, 3)
    found = object_convolution(x, torch.zeros(1, 7, 8, dtype=torch.long), weight, None)
    torch.testing.assert_close(found[:, :, 1:-1, 1:-1], F.conv2d(x, weight))


def test_no_object_sees_another():
    objects = torch.arange(8).expand(1, 6, 8) // 4
    x = torch.randn(1, 2, 6, 8, requires_grad=True)
    object_convolution(x, objects, torch.randn(3, 2, 3, 3), None)[..., :4].sum().backward()
    assert x.grad[..., :4].any() and not x.grad[..., 4:].any()


@pytest.mark.parametrize('stride', [1, 2])
def test_gradients(stride):
    objects = torch.randint(2, (2, 4, 5))
    values = [torch.randn(*shape, dtype=torch.float64, requires_grad=True) for shape in
              ((2, 2, 4, 5), (3, 2, 3, 3), (3,))]
    assert torch.autograd.gradcheck(lambda x, *rest: object_convolution(x, objects, *rest, stride), values)

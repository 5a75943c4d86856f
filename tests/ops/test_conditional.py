import pytest
import torch
from torch.autograd import gradcheck

from semsynth.ops import conditional_convolution


def loop(features, kernels):
    """Every pixel by itself, its kernel row by row."""
    out = torch.zeros_like(features)
    height, width = features.shape[2:]
    for b, c, y, x in torch.cartesian_prod(*map(torch.arange, features.shape)).tolist():
        for row in range(3):
            for column in range(3):
                i, j = y + row - 1, x + column - 1
                if 0 <= i < height and 0 <= j < width:
                    out[b, c, y, x] += kernels[b, 9 * c + 3 * row + column, y, x] * features[b, c, i, j]
    return out


@pytest.mark.parametrize('size', [(4, 5), (1, 3), (1, 1)])
def test_is_a_kernel_per_pixel_and_channel(size):
    features = torch.randn(2, 3, *size, dtype=torch.float64)
    kernels = torch.randn(2, 27, *size, dtype=torch.float64)
    torch.testing.assert_close(conditional_convolution(features, kernels), loop(features, kernels))


def test_with_one_kernel_everywhere_it_is_a_depthwise_convolution():
    features, weight = torch.randn(2, 4, 6, 7), torch.randn(4, 1, 3, 3)
    kernels = weight.reshape(1, 36, 1, 1).expand(2, 36, 6, 7)
    expected = torch.nn.functional.conv2d(features, weight, padding=1, groups=4)
    torch.testing.assert_close(conditional_convolution(features, kernels), expected)


def test_gradient():
    features = torch.randn(1, 2, 3, 2, dtype=torch.float64, requires_grad=True)
    kernels = torch.randn(1, 18, 3, 2, dtype=torch.float64, requires_grad=True)
    assert gradcheck(conditional_convolution, (features, kernels))


def test_what_is_kept_for_the_backward_pass_is_not_unfolded():
    features, kernels = torch.randn(1, 4, 8, 8, requires_grad=True), torch.randn(1, 36, 8, 8, requires_grad=True)
    kept = {}
    with torch.autograd.graph.saved_tensors_hooks(
            lambda tensor: kept.setdefault(tensor.untyped_storage().data_ptr(), tensor), lambda tensor: tensor):
        conditional_convolution(features, kernels)
    assert sum(tensor.untyped_storage().nbytes() for tensor in kept.values()) == 4 * (36 * 8 * 8 + 4 * 10 * 10)


def test_shapes_that_do_not_belong_together():
    with pytest.raises(ValueError, match=r'need kernels \(1, 18, 4, 5\), but they are \(1, 9, 4, 5\)'):
        conditional_convolution(torch.zeros(1, 2, 4, 5), torch.zeros(1, 9, 4, 5))

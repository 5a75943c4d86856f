import numpy as np
import pytest
import torch
from torch import Tensor

from semsynth.layers.residual import ResidualBlock, downsampling_layer, entry_layer, residual_network, upsampling_layer


def to_numpy(tensor: Tensor) -> np.ndarray:
    return tensor.detach().numpy().astype(np.float64)


def convolve(x: np.ndarray, weight: np.ndarray, bias: np.ndarray, stride: int = 1) -> np.ndarray:
    """Correlation without padding, pixel by pixel: (C, H, W) to (D, H', W')."""
    size = weight.shape[-1]
    rows, columns = (x.shape[1] - size) // stride + 1, (x.shape[2] - size) // stride + 1
    out = np.empty((len(weight), rows, columns))
    for i in range(rows):
        for j in range(columns):
            window = x[:, i * stride:i * stride + size, j * stride:j * stride + size]
            out[:, i, j] = np.einsum('cuv,dcuv->d', window, weight) + bias
    return out


def normalise(x: np.ndarray) -> np.ndarray:
    return (x - x.mean((1, 2), keepdims=True)) / np.sqrt(x.var((1, 2), keepdims=True) + 1e-5)


def pad(x: np.ndarray, width: int, mode: str) -> np.ndarray:
    return np.pad(x, ((0, 0), (width, width), (width, width)), mode=mode)


def run(net, x: Tensor) -> np.ndarray:
    return to_numpy(net.double()(x[None].double())[0])


def test_entry_is_reflection_7x7_norm_relu():
    net, x = entry_layer(2, 3), torch.randn(2, 5, 6)
    expected = np.maximum(normalise(convolve(pad(to_numpy(x), 3, 'reflect'), *map(to_numpy, net[0].parameters()))), 0)
    assert np.allclose(run(net, x), expected)


def test_downsampling_is_zero_padded_3x3_with_stride_2():
    net, x = downsampling_layer(2), torch.randn(2, 6, 8)
    convolved = convolve(pad(to_numpy(x), 1, 'constant'), *map(to_numpy, net[0].parameters()), stride=2)
    assert np.allclose(run(net, x), np.maximum(normalise(convolved), 0))


def test_upsampling_is_the_adjoint_of_downsampling():
    net, x = upsampling_layer(4), torch.randn(4, 3, 5)
    weight, bias = map(to_numpy, net[0].parameters())
    out = np.zeros((2, 8, 12))  # one pixel more on every side
    for i in range(3):
        for j in range(5):
            out[:, 2 * i:2 * i + 3, 2 * j:2 * j + 3] += np.einsum('c,cduv->duv', to_numpy(x)[:, i, j], weight)
    out = out[:, 1:7, 1:11] + bias[:, None, None]
    assert np.allclose(run(net, x), np.maximum(normalise(out), 0))


def test_residual_block_adds_without_a_last_activation():
    net, x = ResidualBlock(2), torch.randn(2, 4, 5)
    first, second = ([to_numpy(p) for p in net.body[i].parameters()] for i in (0, 3))
    hidden = np.maximum(normalise(convolve(pad(to_numpy(x), 1, 'reflect'), *first)), 0)
    expected = to_numpy(x) + normalise(convolve(pad(hidden, 1, 'reflect'), *second))
    assert np.allclose(run(net, x), expected)


@pytest.mark.parametrize('downsamples', [1, 2])
def test_residual_network_keeps_the_size(downsamples):
    net = residual_network(3, 4, downsamples, 1)
    assert net(torch.randn(1, 3, 12, 20)).shape == (1, 4, 12, 20)

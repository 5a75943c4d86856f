"""A workaround for narrow, strided 1x1 convolutions, whose gradient writes out of bounds in oneDNN."""

from __future__ import annotations

from functools import partial

from torch import Tensor, nn

ENOUGH_CHANNELS = 8


def take_strides_first(network: nn.Module) -> None:
    """Make 1x1 convolutions with a stride and fewer than 8 input channels select pixels first, then convolve them all.

    The result is the same. Without this, oneDNN (that of torch 2.14.1, and of 2.15.0) writes beyond a buffer, on CPUs
    with AVX2 and without AVX512, when it computes the gradient of such weights in float32 and the input or the weights
    lie channels last; the process then dies at some later moment. Shortcuts of residual networks are such convolutions.
    Transposed ones to fewer than 8 channels are hit as well, but no part of ours has any.

    Args:
        network: changed in place; its weights and their names stay as they are.
    """
    for layer in network.modules():
        if (isinstance(layer, nn.Conv2d) and layer.kernel_size == (1, 1) and layer.stride != (1, 1)
                and layer.in_channels < ENOUGH_CHANNELS and layer.padding in ((0, 0), 'valid')):
            layer.register_forward_pre_hook(partial(_take, stride=layer.stride))
            layer.stride = (1, 1)


def _take(layer: nn.Module, inputs: tuple[Tensor], stride: tuple[int, ...]) -> Tensor:
    x, = inputs
    return x[..., ::stride[0], ::stride[1]]

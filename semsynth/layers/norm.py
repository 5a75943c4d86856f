"""Normalisation of activations."""

from __future__ import annotations

from functools import partial
from importlib.util import find_spec
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.instancenorm import _InstanceNorm

from semsynth.autocast import without_autocast

_HAS_TRITON = find_spec('triton') is not None


class BatchNorm(nn.BatchNorm2d):
    """Batch norm, with right gradients of a single image (``mend_norms``); on GPUs the engine synchronises it.

    Args:
        num_features: channels C of the input, ``(B, C, H, W)``.
        affine: whether each channel has a scale and a shift, that are learned.

    Raises:
        ValueError: in forward, in training, the input is one pixel of one image, which has no spread.
    """

    def __init__(self, num_features: int, affine: bool = True):
        super().__init__(num_features, affine=affine)
        mend_norms(self)

    def forward(self, x: Tensor) -> Tensor:
        """Each channel of the batch to mean 0 and variance 1; in evaluation, by the running statistics."""
        if self.training and x.numel() == self.num_features:
            raise ValueError(f'BatchNorm: the map of {self.num_features} channels of a batch of one has shrunk to 1x1, '
                             'and one pixel has no variance; use larger layouts, a larger batch, or fewer '
                             'downsamplings.')
        if self.training and self.momentum is not None:  # the count of batches, which is not read, is an operation too
            return F.batch_norm(x, self.running_mean, self.running_var, self.weight, self.bias, True, self.momentum,
                                self.eps)
        return super().forward(x)


class GroupNorm(nn.GroupNorm):
    """Group norm computed in float32 or wider, on contiguous memory.

    torch's own rounds the statistics in bfloat16: where a channel's mean is 30 times its spread, results are off by
    0.07. With channels last in memory it computes the variance from a mean of squares, and is off by 0.01 in float32.
    """

    def forward(self, x: Tensor) -> Tensor:
        """Each group of channels of each image to mean 0 and variance 1, in the input's own precision."""
        exact = x.to(torch.promote_types(x.dtype, torch.float32)).contiguous()
        return super().forward(exact).to(x.dtype)


class LayerNorm(nn.LayerNorm):
    """Layer norm in the input's own precision, also where autocast would cast maps to float32 and back.

    torch's kernels have sums and statistics in float32 whatever the input's precision.
    """

    def forward(self, x: Tensor) -> Tensor:
        """The last dimensions, as many as the weight has, to mean 0 and variance 1, then scaled and shifted."""
        weight, bias = self.weight, self.bias
        if x.is_cuda:  # its kernels take one precision; cast_weights has the weights in it already
            weight, bias = (each if each is None else each.to(x.dtype) for each in (weight, bias))
        with without_autocast(x.device):
            return F.layer_norm(x, self.normalized_shape, weight, bias, self.eps)


class InstanceNorm(GroupNorm):
    """Instance norm, computed as group norm with one channel in each group, and where asked what follows it.

    torch's own is twice as slow on a CPU, and its gradients of a single image are wrong there if the upstream gradient
    lies channels last in memory (``mend_norms`` says why).

    Args:
        num_features: channels C of the input, ``(B, C, H, W)``.
        affine: whether each channel has a scale and a shift, that are learned.

    Raises:
        ValueError: in forward, the input has one pixel only, which has no spread.
    """

    fused: bool = False
    """Whether Triton kernels do it where they can (``fuse_norms``)."""

    def __init__(self, num_features: int, affine: bool = False):
        super().__init__(num_features, num_features, affine=affine)

    def forward(self, x: Tensor, gamma: Tensor | None = None, beta: Tensor | None = None, slope: float = 1.) -> Tensor:
        """Each channel of each image to mean 0 and variance 1, then ``modulate``, in the input's own precision."""
        height, width = x.shape[-2:]
        if height * width == 1:
            raise ValueError(f'InstanceNorm: a map of {self.num_channels} channels has shrunk to {height}x{width}, and '
                             'one pixel has no variance; use larger layouts or fewer downsamplings.')
        if self.fused and not self.affine and _has_kernels(x):
            from semsynth.layers import norm_kernels  # only where there is Triton

            return norm_kernels.normalise(x, gamma, beta, slope, self.eps)
        if x.is_cuda and x.dtype in (torch.bfloat16, torch.float16) and not self.affine:
            return modulate(self._without_casts(x), gamma, beta, slope)
        return modulate(super().forward(x), gamma, beta, slope)

    def _without_casts(self, x: Tensor) -> Tensor:
        """The same by batch norm, whose kernels on a GPU take half precision and have sums and statistics in float32.

        (Those of group norm round means and deviations, as a CPU's of both do.)
        """
        maps = x.contiguous().view(1, -1, *x.shape[2:])
        maps = F.batch_norm(maps, None, None, training=True, eps=self.eps)
        return torch.ops.aten._unsafe_view(maps, x.shape)  # no view to autograd: in-place activations would copy maps


def modulate(x: Tensor, gamma: Tensor | None, beta: Tensor | None, slope: float) -> Tensor:
    """``leaky_relu(x * (1 + gamma) + beta, slope)``; without gamma and beta no modulation, with slope 1 no leaky ReLU.

    Args:
        x: ``(B, C, H, W)``, as are gamma and beta.
        gamma: None where beta is.
        beta: None where gamma is.
        slope: of negative results.
    """
    if gamma is not None and beta is not None:
        x = cast(Tensor, _Modulate.apply(x, gamma, beta)) if torch.is_grad_enabled() else _modulated(x, gamma, beta)
    return x if slope == 1 else F.leaky_relu(x, slope)


def _modulated(x: Tensor, gamma: Tensor, beta: Tensor) -> Tensor:
    return torch.addcmul(x + beta, x, gamma)


class _Modulate(torch.autograd.Function):
    """``_modulated``, whose gradients autograd would compute by 5 operations."""

    @staticmethod
    def forward(ctx, x: Tensor, gamma: Tensor, beta: Tensor) -> Tensor:
        ctx.save_for_backward(x, gamma)
        return _modulated(x, gamma, beta)

    @staticmethod
    def backward(ctx, upstream: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        x, gamma = ctx.saved_tensors
        return torch.addcmul(upstream, upstream, gamma), upstream * x, upstream


def fuse_norms(network: nn.Module) -> nn.Module:
    """Let Triton kernels compute the instance norms of a network where they can.

    They can on a GPU, in float32 and below, without ``affine`` and outside of what ``torch.compile`` compiles.
    Elsewhere nothing changes. In place.
    """
    for layer in network.modules():
        if isinstance(layer, InstanceNorm):
            layer.fused = True
    return network


def _has_kernels(x: Tensor) -> bool:
    return _HAS_TRITON and x.device.type == 'cuda' and x.dtype != torch.float64 and not torch.compiler.is_compiling()


def narrow_layer_norms(network: nn.Module) -> nn.Module:
    """Have torch's layer norms of a network keep the precision of what they are given (``LayerNorm``). In place."""
    for layer in network.modules():
        if type(layer) is nn.LayerNorm:
            layer.__class__ = LayerNorm
    return network


def mend_norms(network: nn.Module) -> nn.Module:
    """Correct the gradients that torch's batch and instance norms compute for a single image on a CPU.

    torch (2.14) checks whether a map and its gradient are both contiguous or both channels last. A dimension of size 1
    may have any stride, and in a batch of one a view has another stride there than a copy. torch then decides on the
    memory order of one by its shape, on that of the other by its strides, and reads the two in different orders. This
    happens where a norm follows a view, as in mmseg's SegNeXt, and in every instance norm, which is a batch norm of a
    view.

    In place: hooks on the norms give such maps, and the gradients of their outputs, the usual strides.
    """
    for layer in network.modules():
        if isinstance(layer, (_BatchNorm, _InstanceNorm)):
            layer.register_forward_pre_hook(_order_input)
            layer.register_forward_hook(_order_gradient)
    return network


def _order_input(layer: nn.Module, inputs: tuple[Tensor]) -> tuple[Tensor]:
    (x,) = inputs
    return (_ordered(x, _order(x)) if _is_at_risk(x) else x,)


def _order_gradient(layer: nn.Module, inputs: tuple[Tensor], output: Tensor) -> None:
    if _is_at_risk(output) and output.requires_grad:
        output.register_hook(partial(_ordered, order=_order(output)))


def _is_at_risk(x: Tensor) -> bool:
    # what is compiled has no such kernel, and no hooks
    return x.ndim == 4 and x.device.type == 'cpu' and not torch.compiler.is_compiling()


def _order(x: Tensor) -> torch.memory_format:
    is_last = x.is_contiguous(memory_format=torch.channels_last) and not x.is_contiguous()
    return torch.channels_last if is_last else torch.contiguous_format


def _ordered(x: Tensor, order: torch.memory_format) -> Tensor:
    """The tensor in that memory order, with the strides that a copy has."""
    _, channels, height, width = x.shape
    if order == torch.channels_last and x.stride() != (channels * height * width, 1, width * channels, channels):
        return x.clone(memory_format=order)
    return x.contiguous(memory_format=order)

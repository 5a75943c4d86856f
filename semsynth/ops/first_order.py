"""Gradients that must not be differentiated again."""

from __future__ import annotations

import torch
from torch import Tensor


def first_order_only(gradient: Tensor, *causes: Tensor) -> Tensor:
    """The gradient itself; differentiating it raises an error.

    For a backward pass whose result depends on ``causes`` in a way that autograd does not know. PyTorch's own
    ``once_differentiable`` treats the gradient as a constant where the upstream gradient is one.

    Args:
        gradient: what the backward pass returns.
        causes: the tensors that it was computed from.

    Raises:
        RuntimeError: the result is differentiated.
    """
    return _FirstOrderOnly.apply(gradient, *causes)


class _FirstOrderOnly(torch.autograd.Function):
    @staticmethod
    def forward(ctx, gradient: Tensor, *causes: Tensor) -> Tensor:
        return gradient.view_as(gradient)

    @staticmethod
    def backward(ctx, upstream: Tensor) -> None:
        raise RuntimeError('This gradient has none of its own: leave what it belongs to (a similarity or contrastive '
                           'loss, class-specific pixels) out of what is differentiated twice.')

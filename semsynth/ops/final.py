"""Gradients that have no gradient of their own."""

from __future__ import annotations

import torch
from torch import Tensor


def final(gradient: Tensor, *causes: Tensor) -> Tensor:
    """The gradient, which depends on its causes, but cannot be differentiated: an error when that is tried.

    PyTorch's own ``once_differentiable`` lets it pass for a constant where what comes from above is one.
    """
    return _Final.apply(gradient, *causes)


class _Final(torch.autograd.Function):
    @staticmethod
    def forward(ctx, gradient: Tensor, *causes: Tensor) -> Tensor:
        return gradient.view_as(gradient)

    @staticmethod
    def backward(ctx, upstream: Tensor) -> None:
        raise RuntimeError('This gradient has none of its own: leave what it belongs to (a similarity or contrastive '
                           'loss, class-specific pixels) out of what is differentiated twice.')

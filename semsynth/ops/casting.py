"""Casts of many tensors at once."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable


def cast_all(tensors: Sequence[Tensor], dtype: torch.dtype) -> list[Tensor]:
    """Tensors in a dtype, by one operation for all of them, with gradients where any of them has some.

    Args:
        tensors: of one dtype; those that have the other one already are not copied.
        dtype: what they are cast to.
    """
    if all(tensor.dtype == dtype for tensor in tensors):
        return list(tensors)
    return list(_Cast.apply(dtype, *tensors))


class _Cast(torch.autograd.Function):
    @staticmethod
    def forward(ctx, dtype: torch.dtype, *tensors: Tensor) -> tuple[Tensor, ...]:
        ctx.dtype = tensors[0].dtype
        ctx.set_materialize_grads(False)
        return tuple(_copies(tensors, dtype))

    @staticmethod
    @once_differentiable
    def backward(ctx, *gradients: Tensor | None) -> tuple[Tensor | None, ...]:
        found = [gradient for gradient in gradients if gradient is not None]
        copies = iter(_copies(found, ctx.dtype))
        return None, *(None if gradient is None else next(copies) for gradient in gradients)


def _copies(tensors: Sequence[Tensor], dtype: torch.dtype) -> list[Tensor]:
    copies = [torch.empty_like(tensor, dtype=dtype) for tensor in tensors]
    torch._foreach_copy_(copies, list(tensors))
    return copies

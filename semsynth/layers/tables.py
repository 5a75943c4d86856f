"""A row of a table for every pixel: an embedding of a label map as an image, with a fast gradient."""

from __future__ import annotations

import torch
from torch import Tensor

from semsynth.layers.memory_order import lies_last

ADDING = ('cpu',)
"""Kinds of devices that add up rows one by one."""


def spread(table: Tensor, index: Tensor, last: bool = False) -> Tensor:
    """Each pixel's row of a table.

    The gradient is the sum over the pixels of each row, in float32 at least. On a CPU rows are added one by one; on a
    GPU, where many pixels would wait for one address, a matrix of ones and zeros is multiplied instead.

    Args:
        table: ``(N, C)``.
        index: rows, ``(B, H, W)`` long in ``0..N-1``; or, of a table for each image, ``(B, N, C)``, its rows.
        last: whether the result is to lie channels last in memory, as what it is multiplied with.

    Returns:
        ``(B, C, H, W)``.
    """
    tables = table if table.ndim == 3 else table.unsqueeze(0)
    return _Spread.apply(tables, index, last)


def sums(values: Tensor, index: Tensor, rows: int) -> Tensor:
    """The sum over the pixels of each index, of each image: ``(B, C, H, W)`` to ``(B, rows, C)``; ``spread``'s adjoint.

    Args:
        values: ``(B, C, H, W)``.
        index: ``(B, H, W)`` long in ``0..rows-1``.
        rows: how many there are.
    """
    return _Sum.apply(values, index, rows, len(values))


class _Spread(torch.autograd.Function):
    @staticmethod
    def forward(ctx, tables: Tensor, index: Tensor, last: bool) -> Tensor:
        ctx.save_for_backward(index)
        ctx.tables, ctx.rows = tables.shape[:2]
        rows, flat = _numbers(index, *tables.shape[:2]), tables.flatten(0, 1)
        if last:
            return flat.index_select(0, rows).unflatten(0, index.shape).movedim(-1, 1)
        return flat.t().contiguous().index_select(1, rows).unflatten(1, index.shape).transpose(0, 1)

    @staticmethod
    def backward(ctx, gradient: Tensor) -> tuple[Tensor, None, None]:
        return _Sum.apply(gradient, *ctx.saved_tensors, ctx.rows, ctx.tables), None, None


class _Sum(torch.autograd.Function):
    """Of a batch, or, with one table, over all of its images."""

    @staticmethod
    def forward(ctx, values: Tensor, index: Tensor, rows: int, tables: int) -> Tensor:
        ctx.save_for_backward(index)
        ctx.last = lies_last(values)
        exact = torch.promote_types(values.dtype, torch.float32)
        pixels = values.movedim(1, -1)
        if values.device.type in ADDING:
            pixels = pixels.to(exact).flatten(0, 2)
            found = pixels.new_zeros(tables * rows, pixels.shape[1]).index_add_(
                0, _numbers(index, tables, rows), pixels).view(tables, rows, -1)
        else:
            pixels = pixels.reshape(tables, -1, pixels.shape[3])
            chosen = index.reshape(tables, 1, -1) == torch.arange(rows, device=index.device).view(1, -1, 1)
            found = chosen.to(pixels.dtype) @ pixels
        return found.to(values.dtype)

    @staticmethod
    def backward(ctx, gradient: Tensor) -> tuple[Tensor, None, None, None]:
        return _Spread.apply(gradient, *ctx.saved_tensors, ctx.last), None, None, None


def _numbers(index: Tensor, tables: int, rows: int) -> Tensor:
    """Each pixel's row among those of all tables, ``(B * H * W,)``."""
    if tables == 1:
        return index.flatten()
    first = torch.arange(0, tables * rows, rows, device=index.device)
    return (index + first.view(-1, 1, 1)).flatten()

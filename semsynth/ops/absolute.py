"""Absolute differences of many maps at once, as feature matching and perceptual losses take them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from semsynth.ops.casting import cast_all


def weighted_l1(outputs: Sequence[Tensor], targets: Sequence[Tensor], weights: Sequence[float]) -> Tensor:
    """The weighted sum of the mean absolute differences of pairs of tensors.

    All pairs go through each operation together, so that a GPU is asked for a handful, however many pairs there are.

    Args:
        outputs: tensors of any shapes, of one dtype.
        targets: each pair's other one, of the output's shape; no gradient flows to them.
        weights: factor of each pair's mean.

    Returns:
        A scalar, at least float32, to which differences are taken too.
    """
    factors = [weight / output.numel() for weight, output in zip(weights, outputs, strict=True)]
    targets = [target.detach() for target in targets]  # else the backward pass goes through what made them, for nothing
    return cast(Tensor, _WeightedL1.apply(factors, *outputs, *targets))


class _WeightedL1(torch.autograd.Function):
    @staticmethod
    def forward(ctx, factors: Sequence[float], *tensors: Tensor) -> Tensor:
        ctx.factors, ctx.dtype = factors, tensors[0].dtype
        wide = torch.promote_types(ctx.dtype, torch.float32)
        maps = cast_all(tensors, wide)
        differences = torch._foreach_sub(maps[:len(factors)], maps[len(factors):])
        ctx.save_for_backward(*differences)
        if differences[0].is_cuda:
            sums = list(torch._foreach_norm(differences, 1))
        else:  # a CPU's norm adds entry by entry, and so loses digits
            sums = [difference.abs().sum() for difference in differences]
        torch._foreach_mul_(sums, factors)
        return torch.stack(sums).sum()

    @staticmethod
    @once_differentiable
    def backward(ctx, upstream: Tensor) -> tuple[Tensor | None, ...]:
        slopes = torch._foreach_sign(ctx.saved_tensors)
        torch._foreach_mul_(slopes, ctx.factors)
        torch._foreach_mul_(slopes, upstream)
        return None, *cast_all(slopes, ctx.dtype), *[None] * len(slopes)

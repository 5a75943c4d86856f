"""What every evaluation of the similarity loss agrees on."""

from __future__ import annotations

import torch
from torch import Tensor

LOG_FLOOR = -100.0
SLOPE_FLOOR = 1e-12
SATURATED = 0.99
OFFSET_ROUNDING = 1e-5


def sums(probs: Tensor) -> tuple[Tensor, Tensor]:
    """1 - sum(p), but 0 where a pixel is almost sure, and 1 - p of a class above 1/2: ``(..., 1, M)`` each."""
    short = (1 - probs.sum(-2, keepdim=True)).masked_fill(probs.amax(-2, keepdim=True) > SATURATED, 0)
    return short, probs.masked_fill(probs > 0.5, 0).sum(-2, keepdim=True) + short


def operands(probs: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """What a pixel's pairs are products of: pixels ``(..., N, M)`` as left factor, as one of its class, as another.

    A pair pays -log of left_i . right_j, where right_j is p_j for a pixel of the same class and 1 - p_j for another:
    p_i . (1 - p_j) is 1 - q without a subtraction, right where float32 cannot tell q from 1. The last of the N + 1
    entries adds 1 - sum(p_i), 0 but for rounding on probabilities, so that it is 1 - q whatever they sum to; not for
    pixels that are almost sure of their class, where that rounding would be all.
    """
    short, others = sums(probs)
    rest = torch.where(probs > 0.5, others, 1 - probs)
    return tuple(torch.cat(pair, -2) for pair in ((probs, short), (probs, torch.zeros_like(short)),
                                                  (rest, torch.ones_like(short))))


def finish(slope: Tensor, size: Tensor | int) -> Tensor:
    """The gradient from each pixel's sums of -right_j / x over its pairs, ``(..., N + 1, M)``.

    The gradient of 1 - q is -p_j, that of p_i . (1 - p_j) larger by 1 in every class: the same to a softmax. The last
    entry has summed that difference; it is taken off, unless its rounding would drown the rest.
    """
    slope, offset = slope[..., :-1, :], slope[..., -1:, :]
    bearable = offset.abs() * torch.finfo(slope.dtype).eps <= OFFSET_ROUNDING * size
    return (slope - offset * bearable) * (2 / size ** 2)

"""Numerics that every implementation of the similarity loss shares: factors of pairs, clamps, products of tiles."""

from __future__ import annotations

import torch
from torch import Tensor

LOG_FLOOR = -100.0
SLOPE_FLOOR = 1e-12
SATURATED = 0.99
OFFSET_ROUNDING = 1e-5
CPU_TILE = (512, 1024)
"""Rows and columns of a full tile on the CPU."""
HAS_ONEDNN = torch.backends.mkldnn.is_available() and hasattr(torch.ops.mkldnn, '_linear_pointwise')


def deficit_and_complement(probs: Tensor) -> tuple[Tensor, Tensor]:
    """Two sums over the classes of each pixel of ``(..., N, M)``, each ``(..., 1, M)``.

    Returns:
        The deficit ``1 - sum(p)``, set to 0 where one class is above 0.99; and ``1 - p`` of the class above 1/2, summed
        from the other classes, so that it is exact where p is close to 1.
    """
    short = (1 - probs.sum(-2, keepdim=True)).masked_fill(probs.amax(-2, keepdim=True) > SATURATED, 0)
    return short, probs.masked_fill(probs > 0.5, 0).sum(-2, keepdim=True) + short


def pair_factors(probs: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The factors whose products are the similarities of pairs of pixels, ``(..., N + 1, M)`` each.

    A pair's loss is ``-log(left_i . right_j)``, where right_j is p_j for a pixel of the same class and 1 - p_j for a
    pixel of another class: p_i . (1 - p_j) is 1 - q without a subtraction, and correct where float32 cannot tell q
    from 1. The last entry adds ``1 - sum(p_i)``, so that the product is 1 - q whatever the probabilities sum to. For
    probabilities this is 0 but for rounding; it is left out for pixels that are almost sure of their class, where the
    rounding would dominate.

    Args:
        probs: class probabilities, ``(..., N, M)``.

    Returns:
        The left factor, the right factor for pixels of the same class, and that for pixels of another class.
    """
    short, others = deficit_and_complement(probs)
    rest = torch.where(probs > 0.5, others, 1 - probs)
    return (torch.cat([probs, short], -2), torch.cat([probs, torch.zeros_like(short)], -2),
            torch.cat([rest, torch.ones_like(short)], -2))


def gradient_from_slopes(slope: Tensor, size: Tensor | int) -> Tensor:
    """The gradient with respect to the probabilities, ``(..., N, M)``, of the mean over all pairs.

    The gradient of 1 - q is -p_j; that of p_i . (1 - p_j) is larger by 1 in every class, which a softmax does not see.
    The last entry has summed that difference. It is subtracted, unless its rounding would dominate the rest.

    Args:
        slope: each pixel's sums of ``-right_j / x`` over its pairs, ``(..., N + 1, M)``.
        size: number of pixels.
    """
    slope, offset = slope[..., :-1, :], slope[..., -1:, :]
    bearable = offset.abs() * torch.finfo(slope.dtype).eps <= OFFSET_ROUNDING * size
    return (slope - offset * bearable) * (2 / size ** 2)


def product(a: Tensor, b: Tensor) -> Tensor:
    """``a b^T`` of which a factor or the result is a tile of pairs.

    oneDNN is up to twice as fast as MKL on AMD, but compiles a kernel for each new shape: it gets full tiles only.
    """
    full = CPU_TILE[0] * CPU_TILE[1] in (len(a) * len(b), b.numel())
    if full and HAS_ONEDNN and a.device.type == 'cpu' and a.dtype == torch.float32:
        return torch.ops.mkldnn._linear_pointwise(a, b, None, 'none', [], '')
    return a @ b.T

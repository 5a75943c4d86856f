"""The similarity loss in tiles of plain PyTorch, on any device, without waiting for the device."""

from __future__ import annotations

from math import isqrt

import torch
from torch import Tensor

from semsynth.ops.similarity.numerics import LOG_FLOOR, SLOPE_FLOOR, gradient_from_slopes, pair_factors

TILE_PAIRS = 2 ** 24


def evaluate(probs: Tensor, label: Tensor, valid: Tensor, gradient: bool) -> tuple[Tensor, Tensor | None]:
    """The loss of each image and its gradient; arguments and results as in ``by_class.evaluate``, on any device."""
    images, size = label.shape
    step = max(1, isqrt(TILE_PAIRS // images))
    # Weights of 0 instead of a selection: dropping pixels would wait for the device to count them.
    weight = valid.to(probs.dtype)
    left, same, other = pair_factors(probs)
    total, slope = probs.new_zeros(images, dtype=torch.float64), torch.zeros_like(same)
    weighted_same, weighted_other = weight.unsqueeze(1) * same, weight.unsqueeze(1) * other
    for i in (slice(start, start + step) for start in range(0, size, step)):
        for j in (slice(start, start + step) for start in range(i.start, size, step)):
            alike = label[:, i, None] == label[:, None, j]
            x = torch.where(alike, left[..., i].mT @ same[..., j], left[..., i].mT @ other[..., j]).clamp_(min=0)
            logs = x.log().clamp_(min=LOG_FLOOR) @ weight[:, j].unsqueeze(2)
            # The matrix of pairs is symmetric: tiles above the diagonal stand for those below it too.
            total -= (1 if i == j else 2) * (weight[:, i] * logs.squeeze(2)).sum(1, dtype=torch.float64)
            if not gradient:
                continue
            steep = x.clamp_(min=SLOPE_FLOOR).reciprocal_()
            to_same, to_other = steep * alike, steep.masked_fill(alike, 0)
            slope[..., i] -= weighted_same[..., j] @ to_same.mT + weighted_other[..., j] @ to_other.mT
            if i != j:
                slope[..., j] -= weighted_same[..., i] @ to_same + weighted_other[..., i] @ to_other
    count = valid.sum(1).clamp(min=1)
    if gradient:
        slope = gradient_from_slopes(slope, count[:, None, None]) * weight.unsqueeze(1)
    return total / count.double() ** 2, slope if gradient else None

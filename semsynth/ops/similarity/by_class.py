"""The similarity loss on the CPU: pixels are sorted by class, so that the pairs of a tile are of one kind."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from semsynth.ops.similarity.numerics import (
    CPU_TILE,
    LOG_FLOOR,
    SLOPE_FLOOR,
    gradient_from_slopes,
    pair_factors,
    product,
)

ROWS, COLUMNS = CPU_TILE


def evaluate(probs: Tensor, label: Tensor, valid: Tensor, gradient: bool) -> tuple[Tensor, Tensor | None]:
    """The loss of each image and its gradient; see ``semsynth.ops.similarity_loss``.

    Args:
        probs: float32 or float64 on the CPU, ``(B, N, M)``.
        label: ``(B, M)``, any integers.
        valid: which pixels count, boolean, ``(B, M)``.
        gradient: whether to compute the gradient.

    Returns:
        The losses, float64, ``(B,)``, and the gradient of each with respect to its probabilities, ``(B, N, M)``.
    """
    losses = torch.zeros(len(probs), dtype=torch.float64)
    slopes = torch.zeros_like(probs) if gradient else None
    for image, p in enumerate(probs):
        kept = valid[image].nonzero().squeeze(1)
        if len(kept):
            ranked, order = label[image, kept].sort()
            sizes = ranked.unique_consecutive(return_counts=True)[1].tolist()
            kept = kept[order]
            losses[image], slope = _all_pairs(p[:, kept], sizes, gradient)
            if slopes is not None and slope is not None:
                slopes[image, :, kept] = slope
    return losses, slopes


def _all_pairs(p: Tensor, sizes: list[int], gradient: bool) -> tuple[float, Tensor | None]:
    """Loss and gradient of pixels ``(N, M)`` that are sorted by class."""
    left, same, other = (factor.T.contiguous() for factor in pair_factors(p))
    size, total, slope = len(left), 0.0, torch.zeros_like(left.T)
    for i, j, alike in _tiles(sizes):
        right = same if alike else other
        x = product(left[i], right[j])
        least = x.amin().item()
        total -= (1 if i == j else 2) * _sum_of_logs(x.flatten(), least)
        if not gradient:
            continue
        if not least >= SLOPE_FLOOR:
            x.clamp_(min=SLOPE_FLOOR)
        x.reciprocal_()
        slope[:, i] -= product(right[j].T, x)
        if i != j:
            slope[:, j] -= product(right[i].T, x.T)
    return total / size ** 2, gradient_from_slopes(slope, size) if gradient else None


def _tiles(sizes: list[int]) -> Iterator[tuple[slice, slice, bool]]:
    """Rows, columns, and whether they are of one class, so that each unordered pair of pixels is in one tile."""
    start, total = 0, sum(sizes)
    for size in sizes:
        end = start + size
        for top in range(start, end, ROWS):
            i = slice(top, min(top + ROWS, end))
            yield i, i, True
            width = ROWS * COLUMNS // (i.stop - i.start)
            for first, last, alike in ((i.stop, end, True), (end, total, False)):
                for left in range(first, last, width):
                    yield i, slice(left, min(left + width, last)), alike
        start = end


def _sum_of_logs(x: Tensor, least: float) -> float:
    """Sum of log x over a vector whose least entry is given: logs of products as long as those cannot underflow."""
    if not least >= SLOPE_FLOOR:
        return x.clamp(min=0).log_().clamp_(min=LOG_FLOOR).sum(dtype=torch.float64).item()
    odd = 0.0
    while least ** 2 > 1e-36 and len(x) > 1:
        half = len(x) // 2
        odd += x[2 * half:].log().sum().item() if len(x) % 2 else 0
        x, least = x[:half] * x[half:2 * half], least ** 2
    return odd + x.log().sum(dtype=torch.float64).item()

"""Similarity loss (ECGAN, eq. 3): cross entropy between the pairwise similarities of two label maps."""

from __future__ import annotations

from math import isqrt

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

LOG_FLOOR = -100.0
SLOPE_FLOOR = 1e-12
SATURATED = 0.99
TILE_PAIRS = {'cpu': 2 ** 18, 'cuda': 2 ** 24}


def similarity_loss(probs: Tensor, label: Tensor, ignore_index: int | None = None) -> Tensor:
    """Binary cross entropy over all pairs of pixels: do two pixels belong to the same class? (ECGAN, eq. 3.)

    With ``q_ij = p_i . p_j`` the similarity of two pixels of one image, and M its valid pixels, an image's loss is
    ``-1/M^2 sum_ij [c_i = c_j] log q_ij + [c_i != c_j] log(1 - q_ij)``, each pixel's pair with itself included.
    It is exact over all M^2 pairs; its memory is O(M) and one tile of pairs, for the gradient is formed in the same
    pass. As in ``F.binary_cross_entropy``, logs are clamped at -100 and the gradient of ``-log x`` is
    ``-1 / max(x, 1e-12)``: bounded, and not zero where the log is clamped. Where pixels of different classes are
    almost surely held for one (q > 0.99), 1 - q is summed from the unlikely classes instead of subtracted, which is
    the same on probabilities and keeps the gradient right where float32 cannot tell q from 1.

    Args:
        probs: class probabilities, ``(B, N, H, W)``, summing to 1 over N.
        label: class of each pixel, ``(B, H, W)``, any integers.
        ignore_index: label of the pixels that are left out, or None.

    Returns:
        A scalar, float32 (float64 for float64 probabilities): the mean over the images, where one without any valid
        pixel counts 0.

    Raises:
        ValueError: the shapes do not belong together.
    """
    if probs.ndim != 4 or label.shape != (len(probs), *probs.shape[2:]):
        raise ValueError(f'similarity_loss: probs {tuple(probs.shape)} and label {tuple(label.shape)} do not belong '
                         'together; expected (B, N, H, W) and (B, H, W).')
    with torch.autocast(probs.device.type, enabled=False):
        wide = probs if probs.dtype == torch.float64 else probs.float()
        pixels, label = wide.flatten(2).transpose(1, 2).contiguous(), label.flatten(1)
        valid = torch.ones_like(label, dtype=torch.bool) if ignore_index is None else label != ignore_index
        # Weights of 0 instead of a selection: dropping pixels would wait for the device to count them.
        weight = valid.to(wide.dtype) / valid.sum(1, keepdim=True).clamp(min=1)
        return _PairwiseCrossEntropy.apply(pixels, label, weight)


class _PairwiseCrossEntropy(torch.autograd.Function):
    """Mean over the images of the weighted cross entropy over their pairs, and its gradient, tile by tile.

    A scalar's gradient is linear in what comes from above, so that it can be formed before that is known.
    """

    @staticmethod
    def forward(ctx, p: Tensor, label: Tensor, weight: Tensor) -> Tensor:
        """Pixels ``(B, M, N)``, labels and weights ``(B, M)``."""
        images, size = label.shape
        step = max(1, isqrt(TILE_PAIRS.get(p.device.type, TILE_PAIRS['cpu']) // images))
        rest, weighted_p = _complement(p), weight.unsqueeze(2) * p
        weighted_rest = weight.unsqueeze(2) * rest
        total, slope = p.new_zeros(images, dtype=torch.float64), torch.zeros_like(p)
        for i in (slice(start, start + step) for start in range(0, size, step)):
            for j in (slice(start, start + step) for start in range(i.start, size, step)):
                same = label[:, i, None] == label[:, None, j]
                q = p[:, i] @ p[:, j].mT
                saturated = (q > SATURATED) & ~same
                right = torch.where(same, q, torch.where(saturated, p[:, i] @ rest[:, j].mT, 1 - q)).clamp_(0, 1)
                paid = right.log().clamp_(min=LOG_FLOOR) @ weight[:, j].unsqueeze(2)
                # The matrix of pairs is symmetric: tiles above the diagonal stand for those below it too.
                total -= (1 if i == j else 2) * (weight[:, i] * paid.squeeze(2)).sum(1, dtype=torch.float64)
                if not ctx.needs_input_grad[0]:
                    continue
                steep = right.clamp_(min=SLOPE_FLOOR).reciprocal_()
                pull = torch.where(same, -steep, steep).masked_fill_(saturated, 0)
                push = steep.masked_fill_(~saturated, 0)
                slope[:, i] += pull @ weighted_p[:, j] - push @ weighted_rest[:, j]
                if i != j:
                    slope[:, j] += pull.mT @ weighted_p[:, i] - push.mT @ weighted_rest[:, i]
        ctx.save_for_backward(slope.mul_(2 / images * weight.unsqueeze(2)))
        return total.mean().to(p.dtype)

    @staticmethod
    @once_differentiable
    def backward(ctx, upstream: Tensor) -> tuple[Tensor, None, None]:
        (slope,) = ctx.saved_tensors
        return upstream * slope, None, None


def _complement(p: Tensor) -> Tensor:
    """1 - p; the largest entry as the sum of the others, so that nothing cancels."""
    top = p.argmax(2, keepdim=True)
    return (1 - p).scatter_(2, top, p.scatter(2, top, 0).sum(2, keepdim=True))

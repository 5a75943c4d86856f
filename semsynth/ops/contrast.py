"""Pixel contrast (ECGAN, eq. 5) over all pairs of pixels, in tiles."""

from __future__ import annotations

from collections.abc import Iterator

import torch
import torch.nn.functional as F
from torch import Tensor

from semsynth.ops.first_order import first_order_only
from semsynth.ops.similarity.numerics import CPU_TILE, product

LEAST_TEMPERATURE = 0.003
LEAST_TEMPERATURE_IN_FLOAT32 = 0.03
TILE = {'cpu': CPU_TILE, 'cuda': (4096, 4096)}


def tiled_contrastive(embeddings: Tensor, classes: Tensor, temperature: float, memory: Tensor | None = None,
                      memory_classes: Tensor | None = None) -> Tensor:
    """Pull pixels of one class together and push those of different classes apart (ECGAN, eq. 5), however many.

    The same as :func:`semsynth.losses.contrastive.contrastive`, over all pairs, in time O((S + R)^2) and in memory
    O(S + R) and a few tiles of pairs, for the gradient is formed along with the loss. Pixels lie sorted by class, so
    that a tile's pairs are all of one class or none, and needs no mask. The sizes of the classes are read on the host.

    Args:
        embeddings: ``(S, D)``; L2-normalised here.
        classes: ``(S,)`` long; -1 leaves a pixel out.
        temperature: t; below 0.03, where exp(2 / t) is too large for float32, pairs are computed in float64.
        memory: ``(R, D)``, L2-normalised, without gradient.
        memory_classes: ``(R,)`` long; -1 leaves an entry out.

    Returns:
        A scalar, at least float32: the mean over the anchors that have a positive; 0 where there is none.

    Raises:
        ValueError: the temperature is less than 0.003, where float64 ends too.
    """
    if temperature < LEAST_TEMPERATURE:
        raise ValueError(f'tiled_contrastive: temperature={temperature}, expected {LEAST_TEMPERATURE} or more: '
                         'exp(2 / temperature) is too large for a float.')
    with torch.autocast(embeddings.device.type, enabled=False):
        dtype = torch.promote_types(embeddings.dtype, torch.float32)
        unit = F.normalize(embeddings.to(dtype), eps=1e-6)
        others, kinds = (unit, classes) if memory is None else (
            torch.cat([unit, memory]), torch.cat([classes, memory_classes]))
        kept = (kinds >= 0).nonzero().squeeze(1)
        kinds, order = kinds[kept].sort()
        kept = kept[order]
        wide = torch.float64 if temperature < LEAST_TEMPERATURE_IN_FLOAT32 else dtype
        scaled = others[kept].to(wide) * temperature ** -0.5
        sizes = kinds.unique_consecutive(return_counts=True)[1]
        return _PixelContrast.apply(scaled, sizes, kept < len(unit)).to(dtype)


class _PixelContrast(torch.autograd.Function):
    """Eq. 5 over pixels that lie class by class.

    With likenesses s_ij, and Z_i the sum of exp(s_in) over the negatives n of i, an anchor i pays log(1 + a) for its
    positive p, where a = Z_i exp(-s_ip). That pulls s_ip up by a / (1 + a), and pushes the negatives down by as much,
    of which each bears exp(s_in) / Z_i. So pairs of two classes are visited for Z, then those of one class, then the
    former once more, to be pushed. As s_ij = s_ji, a visit serves both pixels. A scalar's gradient is linear in what
    comes from above, so that it can be formed before that is known.
    """

    @staticmethod
    def forward(ctx, x: Tensor, sizes: Tensor, is_anchor: Tensor) -> Tensor:
        """Pixels ``(S, D)`` whose products are likenesses, how many each class has, and which of them are anchors."""
        positives = sizes.repeat_interleave(sizes) - 1
        anchors = (is_anchor & (positives > 0)).sum().clamp(min=1)
        share = 1 / positives.clamp(min=1).double()
        sizes, gradient = sizes.tolist(), ctx.needs_input_grad[0]

        z = torch.zeros_like(share)
        for i, j in _tiles(sizes, x.device, alike=False):
            e = product(x[i], x[j]).exp_()
            z[i] += e.sum(1)
            z[j] += e.sum(0)
        # What is no anchor pays nothing, as if it had no negatives.
        z *= is_anchor

        paid, pull, slope = torch.zeros_like(share), torch.zeros_like(share), torch.zeros_like(x.T)
        factor = z.to(x.dtype)
        for i, j in _tiles(sizes, x.device, alike=True):
            e = product(x[i], x[j]).neg_().exp_()
            if i == j:
                e.triu_(1)
            rows, columns = e * factor[i, None], e.mul_(factor[j])
            for own, a, others in ((i, rows, 1), (j, columns, 0)):
                paid[own] += a.log1p().sum(others)
                if gradient:
                    pull[own] += a.div_(1 + a).sum(others)
            if gradient:
                rows += columns
                slope[:, i] -= product(x[j].T, rows)
                slope[:, j] -= product(x[i].T, rows.T)

        if gradient:
            slope *= share.to(x.dtype)
            push = (share * pull / z.clamp(min=torch.finfo(z.dtype).tiny)).to(x.dtype)
            for i, j in _tiles(sizes, x.device, alike=False):
                e = product(x[i], x[j]).exp_().mul_(push[i, None] + push[j])
                slope[:, i] += product(x[j].T, e)
                slope[:, j] += product(x[i].T, e.T)
            ctx.save_for_backward(slope.T / anchors, x)
        return ((share * paid).sum() / anchors).to(x.dtype)

    @staticmethod
    def backward(ctx, upstream: Tensor) -> tuple[Tensor, None, None]:
        slope, x = ctx.saved_tensors
        return first_order_only(upstream * slope, x), None, None


def _tiles(sizes: list[int], device: torch.device, alike: bool) -> Iterator[tuple[slice, slice]]:
    """Rows and columns of tiles in which every pair of one class is, or every pair of two, once.

    But a class's tiles of equal rows and columns have each of their pairs twice, and each pixel with itself.
    """
    height, width = TILE.get(device.type, TILE['cpu'])
    start, total = 0, sum(sizes)
    for size in sizes:
        end = start + size
        for top in range(start, end, height):
            i = slice(top, min(top + height, end))
            if alike:
                yield i, i
            left, right = (i.stop, end) if alike else (end, total)
            step = height * width // (i.stop - i.start)
            for first in range(left, right, step):
                yield i, slice(first, min(first + step, right))
        start = end

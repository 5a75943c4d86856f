"""Pixel-wise contrastive loss (ECGAN, eq. 5) over all pairs of pixels, in tiles."""

from __future__ import annotations

from collections.abc import Iterator

import torch
import torch.nn.functional as F
from torch import Tensor

from semsynth.ops.first_order import first_order_only
from semsynth.ops.similarity.choice import obstacle, say_once
from semsynth.ops.similarity.numerics import CPU_TILE, product

PRECISIONS = ('float32', 'auto')
MAX_CHANNELS = 128
"""Of the fused kernels."""
LEAST_TEMPERATURE = 0.003
LEAST_TEMPERATURE_IN_FLOAT32 = 0.03
TILE = {'cpu': CPU_TILE, 'cuda': (4096, 4096)}


def tiled_contrastive(embeddings: Tensor, classes: Tensor, temperature: float, memory: Tensor | None = None,
                      memory_classes: Tensor | None = None, precision: str = 'float32') -> Tensor:
    """Pixel-wise contrastive loss over all pairs: pixels of one class attract, of two classes repel (ECGAN, eq. 5).

    The same value as ``semsynth.losses.contrastive_loss`` in time O((S + R)^2) and in memory O(S + R) and a
    few tiles of pairs, because the gradient is computed along with the loss. Pixels are sorted by class, so that a
    tile's pairs are either all of one class or all of two, and no mask is needed. The sizes of the classes are read on
    the host.

    Args:
        embeddings: ``(S, D)``; L2-normalised here.
        classes: ``(S,)`` long; -1 leaves a pixel out.
        temperature: t; below 0.03, where exp(2 / t) is too large for float32, pairs are computed in float64.
        memory: ``(R, D)``, L2-normalised, without gradient.
        memory_classes: ``(R,)`` long; -1 leaves an entry out.
        precision: 'auto' takes fused kernels on NVIDIA GPUs from A100 and RTX 3090 on, with Triton, for up to 128
            channels and temperatures from 0.03 on: products have TF32's 10 bits of mantissa, and stay within 1e-3 of
            the loss and 1e-2 of its gradient's norm. Elsewhere, and with 'float32', there are tiles. The log says it
            once.

    Returns:
        A scalar, at least float32: the mean over the anchors that have a positive; 0 where there is none.

    Raises:
        ValueError: the temperature is less than 0.003, where float64 overflows too, or there is no such precision.
    """
    if precision not in PRECISIONS:
        raise ValueError(f'tiled_contrastive: precision={precision!r}, expected one of {", ".join(PRECISIONS)}.')
    if temperature < LEAST_TEMPERATURE:
        raise ValueError(f'tiled_contrastive: temperature={temperature}, expected {LEAST_TEMPERATURE} or more: '
                         'exp(2 / temperature) is too large for a float.')
    with torch.autocast(embeddings.device.type, enabled=False):
        dtype = torch.promote_types(embeddings.dtype, torch.float32)
        unit = F.normalize(embeddings.to(dtype), eps=1e-6)
        others, kinds = (unit, classes) if memory is None or memory_classes is None else (
            torch.cat([unit, memory]), torch.cat([classes, memory_classes]))
        if precision == 'auto' and _kernels_fit(others, temperature):
            return _FusedContrast.apply(others, kinds, len(unit), temperature)
        kept = (kinds >= 0).nonzero().squeeze(1)
        kinds, order = kinds[kept].sort()
        kept = kept[order]
        wide = torch.float64 if temperature < LEAST_TEMPERATURE_IN_FLOAT32 else dtype
        scaled = others[kept].to(wide) * temperature ** -0.5
        sizes = kinds.unique_consecutive(return_counts=True)[1]
        return _PixelContrast.apply(scaled, sizes, kept < len(unit)).to(dtype)


def why_no_kernels(device: torch.device, channels: int, temperature: float, dtype: torch.dtype = torch.float32) -> str:
    """Why the fused kernels do not serve embeddings on a GPU, so that ``precision='auto'`` takes tiles, or ''.

    Args:
        device: the GPU.
        channels: of the embeddings.
        temperature: as of ``tiled_contrastive``.
        dtype: of the embeddings; half precision counts as float32, which it is widened to.
    """
    if dtype != torch.float32 or channels > MAX_CHANNELS or temperature < LEAST_TEMPERATURE_IN_FLOAT32:
        return (f'the fused kernels take float32, up to {MAX_CHANNELS} channels, and temperatures from '
                f'{LEAST_TEMPERATURE_IN_FLOAT32} on; here are {dtype}, {channels} and {temperature}')
    return obstacle(device, 1)


def _kernels_fit(unit: Tensor, temperature: float) -> bool:
    """Whether the fused kernels serve; on a GPU the log says it."""
    if unit.device.type != 'cuda' or not len(unit):
        return False
    why = why_no_kernels(unit.device, unit.shape[1], temperature, unit.dtype)
    say_once(f'Contrast of every pixel: tiles in float32, because {why}.' if why else
             "Contrast of every pixel: fused kernels, whose products have TF32's 10 bits of mantissa.")
    return not why


class _FusedContrast(torch.autograd.Function):
    """Eq. 5 by the kernels of ``semsynth.ops.fused_contrast``; the gradient is computed in the forward pass, too."""

    @staticmethod
    def forward(ctx, unit: Tensor, kinds: Tensor, anchors: int, temperature: float) -> Tensor:
        """Embeddings of length 1, ``(S, D)``, of which the first ``anchors`` have a loss of their own."""
        from semsynth.ops import fused_contrast  # only where there is Triton

        loss, slope = fused_contrast.evaluate(unit, kinds, anchors, temperature, ctx.needs_input_grad[0])
        ctx.save_for_backward(slope, unit)
        return loss.to(unit.dtype)

    @staticmethod
    def backward(ctx, upstream: Tensor) -> tuple[Tensor, None, None, None]:
        slope, unit = ctx.saved_tensors
        return first_order_only(upstream * slope, unit), None, None, None


class _PixelContrast(torch.autograd.Function):
    """Eq. 5 over pixels that are sorted by class.

    Let s_ij be the similarity of two pixels, and Z_i the sum of exp(s_in) over the negatives n of i. The loss of an
    anchor i and its positive p is log(1 + a) with a = Z_i exp(-s_ip). Its derivative with respect to s_ip is
    -a / (1 + a), and with respect to s_in it is exp(s_in) / Z_i times a / (1 + a). So three passes over the tiles are
    needed: pairs of two classes for Z, pairs of one class for the loss and the derivatives by s_ip, and pairs of two
    classes again for the derivatives by s_in. As s_ij = s_ji, each tile serves the pixels of both its sides. The
    gradient of a scalar is linear in the upstream gradient, so it can be computed in the forward pass.
    """

    @staticmethod
    def forward(ctx, x: Tensor, sizes: Tensor, is_anchor: Tensor) -> Tensor:
        """The loss of pixels ``(S, D)`` whose products are similarities; ``sizes``: how many pixels each class has."""
        positives = sizes.repeat_interleave(sizes) - 1
        anchors = (is_anchor & (positives > 0)).sum().clamp(min=1)
        per_positive = 1 / positives.clamp(min=1).double()
        sizes, gradient = sizes.tolist(), ctx.needs_input_grad[0]

        z = torch.zeros_like(per_positive)
        for i, j in _tiles(sizes, x.device, alike=False):
            e = product(x[i], x[j]).exp_()
            z[i] += e.sum(1)
            z[j] += e.sum(0)
        # The loss of pixels that are no anchors is 0, as if they had no negatives.
        z *= is_anchor

        losses, pull, slope = torch.zeros_like(z), torch.zeros_like(z), torch.zeros_like(x.T)
        factor = z.to(x.dtype)
        for i, j in _tiles(sizes, x.device, alike=True):
            e = product(x[i], x[j]).neg_().exp_()
            if i == j:
                e.triu_(1)
            rows, columns = e * factor[i, None], e.mul_(factor[j])
            for own, a, others in ((i, rows, 1), (j, columns, 0)):
                losses[own] += a.log1p().sum(others)
                if gradient:
                    pull[own] += a.div_(1 + a).sum(others)
            if gradient:
                rows += columns
                slope[:, i] -= product(x[j].T, rows)
                slope[:, j] -= product(x[i].T, rows.T)

        if gradient:
            slope *= per_positive.to(x.dtype)
            push = (per_positive * pull / z.clamp(min=torch.finfo(z.dtype).tiny)).to(x.dtype)
            for i, j in _tiles(sizes, x.device, alike=False):
                e = product(x[i], x[j]).exp_().mul_(push[i, None] + push[j])
                slope[:, i] += product(x[j].T, e)
                slope[:, j] += product(x[i].T, e.T)
            ctx.save_for_backward(slope.T / anchors, x)
        return ((per_positive * losses).sum() / anchors).to(x.dtype)

    @staticmethod
    def backward(ctx, upstream: Tensor) -> tuple[Tensor, None, None]:
        slope, x = ctx.saved_tensors
        return first_order_only(upstream * slope, x), None, None


def _tiles(sizes: list[int], device: torch.device, alike: bool) -> Iterator[tuple[slice, slice]]:
    """Rows and columns of tiles that hold every pair of one class (``alike``), or every pair of two classes, once.

    Only a class's tiles with equal rows and columns hold each pair twice, and each pixel's pair with itself.
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

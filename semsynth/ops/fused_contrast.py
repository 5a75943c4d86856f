"""The contrast over all pairs of pixels on a GPU, in three Triton kernels: no tile of pairs is written to memory.

They are the three passes of ``semsynth.ops.contrast``: sums over negatives, losses and slopes over positives, slopes
over negatives. A program keeps its rows' sums in registers and walks over all columns; nothing is added up by atomics,
and two runs agree bitwise. Similarities lie between -1 / t and 1 / t, so that with temperatures from 0.03 on no maximum
must be subtracted from them. The host is not asked how many pixels a class has, nor how many count.

Factors of products are float16, which has TF32's 10 bits of mantissa at twice its speed: embeddings need no more range,
and slopes are scaled to it. All else is float32.

For S pixels of D channels and a part p of pairs within a class that is (6 - 2 p) D S^2 operations and (2 + p) S^2
exponentials: at S = 131072 and D = 64, with 19 classes of which the k-th has a part in proportion to 1 / k (p = 0.13),
6.3e12, or 6.4 ms at the 989 TFLOP/s in float16 of an H200's datasheet, and 9.5 ms for exponentials, 16 a cycle on each
of 132 multiprocessors at 1.83 GHz. Each walk reads S^2 D / 64 bytes of embeddings, 17 GB, from the second cache.
"""

from __future__ import annotations

from math import log

import torch
import triton
from torch import Tensor

from semsynth.ops import contrast_kernels as kernels

ROWS, COLUMNS, WARPS = 128, 64, 8
SCALE = 2.0 ** 14
"""Of slopes in float16, which are 2 at most, and end at 2^-24."""


def evaluate(unit: Tensor, kinds: Tensor, anchors: int, temperature: float,
             gradient: bool) -> tuple[Tensor, Tensor | None]:
    """The loss of ``semsynth.ops.tiled_contrastive``, and its gradient.

    Args:
        unit: embeddings of length 1, float32, ``(S, D)``.
        kinds: ``(S,)`` long; -1 leaves a pixel out.
        anchors: how many, from the first on, may have a loss of their own.
        temperature: 0.03 or more, where exp(2 / t) is no too large a number for float32.
        gradient: whether to compute it.

    Returns:
        The loss, float64, and its gradient with respect to ``unit``.
    """
    size, channels = unit.shape
    width = max(16, triton.next_power_of_2(channels))
    blocks = triton.cdiv(size, ROWS)
    length = blocks * ROWS
    scale = (temperature * log(2)) ** -0.5  # a product of two is a similarity to base 2

    last = torch.iinfo(kinds.dtype).max
    kinds, order = kinds.masked_fill(kinds < 0, last).sort()
    counts = kinds < last
    counted = counts.sum(dtype=torch.int32)
    # In place of a pixel's class, where the class begins: as many different numbers, which 32 bits hold.
    begin, end = (torch.searchsorted(kinds, kinds, right=right, out_int32=True) for right in (False, True))
    positives = end - begin - 1
    is_anchor = (order < anchors) & counts & (positives > 0)
    per_positive, is_one = unit.new_zeros(2, length)
    torch.div(1, positives.clamp(min=1), out=per_positive[:size])
    is_one[:size] = is_anchor
    x = unit.new_zeros(length, width, dtype=torch.float16)
    x[:size, :channels] = unit[order] * scale

    z, losses, pull = unit.new_empty(3, length)
    slope = unit.new_empty(length, width) if gradient else pull
    shape = dict(rows=ROWS, columns=COLUMNS, width=width, num_warps=WARPS)
    with torch.cuda.device_of(unit):
        kernels.negatives[blocks,](x, begin, counted, is_one, z, **shape)
        kernels.positives[blocks,](x, begin, counted, z, losses, pull, slope, scale=SCALE, gradient=gradient, **shape)
        count = is_anchor.sum().clamp(min=1)
        loss = (per_positive * losses).sum(dtype=torch.float64) / count
        if not gradient:
            return loss, None
        pull *= per_positive
        # Products of exp(s) and these are at most SCALE: slopes fill the range of float16, however small they are.
        most = pull.amax().clamp(min=torch.finfo(pull.dtype).tiny ** 0.5)
        push = pull / z.clamp(min=torch.finfo(z.dtype).tiny) * (SCALE / most)
        kernels.repulsion[blocks,](x, begin, counted, push, per_positive, most / SCALE, slope, **shape, maxnreg=128)
    slope = slope[:size, :channels] * (scale * log(2) / count)
    return loss, torch.empty_like(unit).index_copy_(0, order, slope)

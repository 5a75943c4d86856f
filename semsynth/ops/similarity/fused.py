"""The similarity loss on a GPU, in Triton kernels: no tile of pairs is written to memory.

Pixels lie sorted by class. The first kernel (``quick``) takes each tile of pairs that are all of one class or all of
two once, and tiles at borders between classes twice, with factors in float16: these have TF32's 10 bits of mantissa at
twice its speed, and, scaled by 2^15, reach down to pairs of 1e-9. The second kernel (``steep``), in TF32, takes the
tiles that have a pair below 1e-9. It needs some four times as many instructions for a pair, and a label generator that
is often wrong and very sure gives it much to do.

A program keeps its rows' gradient in registers and walks over all columns, so that nothing is added up by atomics and
two runs agree bitwise. For this a pair is seen twice, once from each end: 4 K M^2 operations, K being the classes and
two more in pieces of powers of two, where symmetry would do with 3 K M^2 and K M^2 / (2 rows) atomic additions. At
M = 131072 and 35 classes (K = 48) that is 3.3e12: 3.3 ms at the 989 TFLOP/s in float16 of an H200's datasheet, which
are those of 1.83 GHz. The roots that reciprocals are made of take 4.4 ms, 16 a cycle on each of 132 multiprocessors,
and all of some 14 instructions for a pair 7.8 ms, 128 a cycle. Each block of rows reads all factors, 80 bytes a pixel:
11 GB in all, from the second cache. How far these overlap, only a GPU can tell.
"""

from __future__ import annotations

from math import log
from typing import NamedTuple

import torch
import triton
from torch import Tensor

from semsynth.ops.similarity import kernels
from semsynth.ops.similarity.numerics import LOG_FLOOR, OFFSET_ROUNDING, SATURATED, SLOPE_FLOOR
from semsynth.ops.similarity.steep import steep

MAX_CLASSES = 254
SHARED_MEMORY = 98304
"""What the largest tiles need, in bytes, but for those of H100 and its kin, which have twice as much and more."""
SCALE = 2.0 ** 15
"""Of factors in float16, which end at 2^-24: probabilities are right to 10 bits down to 2^-29."""
LEAST = 1e-9
"""Pairs whose reciprocals float16 can still hold, and whose factors it has not rounded away."""

HEIGHT = 64
"""Rows of a program of ``steep``, whose registers hold no more."""


class Tile(NamedTuple):
    """Rows and columns of a tile, warps of a program, tiles on their way from memory, registers that a thread may have.
    """

    rows: int
    columns: int
    warps: int = 8
    stages: int = 3
    registers: int | None = None


def evaluate(probs: Tensor, label: Tensor, valid: Tensor, gradient: bool,
             tile: Tile | None = None) -> tuple[Tensor, Tensor | None]:
    """The loss of each image and its gradient; arguments and results as in ``by_class.evaluate``, float32 on a GPU.

    Factors of products have 10 bits of mantissa; all else is float32. ``tile`` takes the place of ``tile_for``'s.
    """
    images, classes, size = probs.shape
    rows, columns, warps, stages, registers = tile or tile_for(classes, _generation(probs.device))
    wide, narrow = pieces(classes)
    grid = images, triton.cdiv(size, rows)
    length = grid[1] * rows

    label, order = label.sort(1)
    count = valid.sum(1).clamp(min=1)
    pixels = probs.new_empty(images, size, classes)
    short, others, row_losses = probs.new_empty(3, images, size)
    factors = probs.new_empty(2, images, length, stride(classes), dtype=torch.float16)
    slope = probs.new_empty(images, size, classes + 1 if gradient else 0)
    words = 2 * length // columns // 32 + 1  # of a bit for each visit of a tile
    pending = torch.empty(*grid, words, dtype=torch.int32, device=probs.device)
    shape = dict(stride=stride(classes), gradient=gradient, rows=rows, columns=columns, wide=wide, narrow=narrow)
    with torch.cuda.device_of(probs):
        kernels.prepare[images, length // 16](
            probs.contiguous(), order, valid.byte(), pixels, short, others, factors, size, classes, stride(classes),
            SCALE, SATURATED, 16, triton.next_power_of_2(stride(classes)))
        kernels.quick[grid](factors, label, short, pending, row_losses, slope, size, classes, words, scale=SCALE,
                            least=LEAST, **shape, num_warps=warps, num_stages=stages, maxnreg=registers)
        steep[images, length // HEIGHT](
            factors, pixels, short, others, label, count, pending, row_losses, slope, size, classes, words,
            log_floor=LOG_FLOOR / log(2), slope_floor=SLOPE_FLOOR, rounding=OFFSET_ROUNDING, height=HEIGHT,
            chunk=columns // 2, **shape, num_warps=8)
    del pixels, factors
    losses = row_losses.sum(1, dtype=torch.float64) / count.double() ** 2
    if not gradient:
        return losses, None
    return losses, torch.empty_like(probs).scatter_(2, order.unsqueeze(1).expand(-1, classes, -1),
                                                    slope[..., :classes].mT)


def probe(device: torch.device) -> None:
    """Compile and run the smallest of kernels: raises whatever Triton raises where it does not work."""
    with torch.cuda.device(device):
        kernels.nothing[(1,)](torch.empty(1, device=device))


def tile_for(classes: int, generation: int) -> Tile:
    """The largest tile whose rows' gradient and factors the registers still hold; compiled for A100 (8) and H100 (9).

    The tensor cores of 9 and 10 read factors from shared memory. There 128 registers a thread keep two programs on a
    multiprocessor: one computes while the other waits.
    """
    width = sum(pieces(classes))
    if generation in (9, 10) and width <= 192:
        return Tile(128, 64, stages=2, registers=128) if width <= 64 else Tile(128, 64)
    return Tile(128 if width <= 64 else 64, 64 if width <= 128 else 32)


def _generation(device: torch.device) -> int:
    return torch.cuda.get_device_capability(device)[0] if device.type == 'cuda' else 8


def pieces(classes: int) -> tuple[int, int]:
    """Lengths of a factor's two pieces, powers of two; the second is 0 where the first holds it all."""
    length = max(16, classes + 2)
    wide = 1 << (length.bit_length() - 1)
    if wide == length:
        return wide, 0
    narrow = max(16, triton.next_power_of_2(length - wide))
    return (wide, narrow) if narrow < wide else (2 * wide, 0)


def stride(classes: int) -> int:
    """Length of a factor in memory, where it lies at multiples of 16 bytes."""
    return -(-(classes + 2) // 8) * 8

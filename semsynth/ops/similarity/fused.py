"""The similarity loss on a GPU, in two Triton kernels: no tile of pairs is written to memory.

Pixels lie sorted by class. The first kernel takes the tiles whose pairs are all of one class or all of two, which are
nearly all tiles, with factors in float16: these have TF32's 10 bits of mantissa at twice its speed, and, scaled by
2^15, reach down to pairs of 1e-9. The second kernel, in TF32, takes the tiles that the first leaves: those at borders
between classes, and those with a pair below 1e-9. It needs some four times as many instructions for a pair, and a label
generator that is often wrong and very sure gives it much to do.

A program keeps its rows' gradient in registers and walks over all columns, so that nothing is added up by atomics and
two runs agree bitwise. For this a pair is seen twice, once from each end: 4 K M^2 operations, K being the
classes and two more padded to a power of two, where symmetry would do with 3 K M^2 and K M^2 / (2 rows) atomic
additions. At M = 131072 and 35 classes that is 4.4e12: 4.4 ms at the 989 TFLOP/s in float16 of an H200's datasheet.
The roots that reciprocals are made of take about as long, 16 a cycle on each of 132 multiprocessors, and all of some 15
instructions for a pair twice that, 128 a cycle; how far these overlap, only a GPU can tell.
"""

from __future__ import annotations

from math import log

import torch
import triton
import triton.language as tl
from torch import Tensor

from semsynth.ops.similarity.numerics import LOG_FLOOR, SLOPE_FLOOR, deficit_and_complement, gradient_from_slopes

WARPS = 8
MAX_CLASSES = 254
SHARED_MEMORY = 131072
"""What the largest tiles need, in bytes; A100, H100, H200 and their successors have it."""
SCALE = 2.0 ** 15
"""Of factors in float16, which end at 2^-24: probabilities are right to 10 bits down to 2^-29."""
LOG_2 = tl.constexpr(log(2))
LEAST = 1e-9
"""Pairs whose reciprocals float16 can still hold, and whose factors it has not rounded away."""


def evaluate(probs: Tensor, label: Tensor, valid: Tensor, gradient: bool) -> tuple[Tensor, Tensor | None]:
    """The loss of each image and its gradient; arguments and results as in ``by_class.evaluate``, float32 on a GPU.

    Factors of products have 10 bits of mantissa; all else is float32.
    """
    images, classes, size = probs.shape
    rows, columns, width = tiles(classes)
    grid = images, triton.cdiv(size, rows)

    label, order = label.sort(1)
    valid = valid.gather(1, order)
    short, others = (value.squeeze(1).gather(1, order) for value in deficit_and_complement(probs))
    spread = order.unsqueeze(1).expand(-1, classes, -1)
    pixels = probs.gather(2, spread).mT.contiguous()
    factors = _factors(pixels, others, valid, grid[1] * rows)
    borders = _borders(label, rows, columns)

    words = triton.cdiv(grid[1] * rows, 32 * columns)  # of a bit for each tile
    pending = torch.empty(*grid, words, dtype=torch.int32, device=probs.device)
    row_losses = probs.new_empty(images, size)
    slope = probs.new_empty(images, size, classes + 1 if gradient else 0)
    shape = dict(words=words, gradient=gradient, rows=rows, columns=columns, width=width, num_warps=WARPS)
    with torch.cuda.device_of(probs):
        _alike[grid](factors, short, borders, pending, row_losses, slope, size, classes, factors.shape[3], SCALE,
                     LEAST, **shape)
        _pending[grid](pixels, short, others, label, valid.float(), pending, row_losses, slope, size, classes,
                       log_floor=LOG_FLOOR / log(2), slope_floor=SLOPE_FLOOR, **shape)
    del pixels, factors
    count = valid.sum(1).clamp(min=1)
    row_losses += 0 * short  # what is not a number has an exponent and a mantissa too
    losses = row_losses.masked_fill_(~valid, 0).sum(1, dtype=torch.float64) / count.double() ** 2
    if not gradient:
        return losses, None
    slope = gradient_from_slopes(slope.masked_fill_(~valid.unsqueeze(2), 0).mT, count[:, None, None])
    return losses, torch.empty_like(probs).scatter_(2, spread, slope)


def probe(device: torch.device) -> None:
    """Compile and run the smallest of kernels: raises whatever Triton raises where it does not work."""
    with torch.cuda.device(device):
        _nothing[(1,)](torch.empty(1, device=device))


def tiles(classes: int) -> tuple[int, int, int]:
    """Rows and columns of a tile, and length of a factor.

    The largest ones whose rows' gradient and factors registers and shared memory still hold, as compiled for sm_90.
    """
    width = max(16, triton.next_power_of_2(classes + 2))
    return 128 if width <= 64 else 64, 64 if width <= 128 else 32, width


def stride(classes: int) -> int:
    """Length of a factor in memory, where it lies at multiples of 16 bytes."""
    return -(-(classes + 2) // 8) * 8


def _factors(pixels: Tensor, others: Tensor, valid: Tensor, length: int) -> Tensor:
    """The factors of ``numerics.pair_factors`` for pixels of the same class and of another, scaled, in float16.

    Returns:
        ``(2, B, length, K)``, K at least classes + 2.

    The last of ``classes + 2`` entries is for what does not count: 1 there and 0 elsewhere. As every pixel on the left
    has 1 there too, such a pair's product is 1: its loss is 0, and its gradient is in that entry, which nothing reads.
    """
    images, size, classes = pixels.shape
    factors = pixels.new_zeros(2, images, length, stride(classes), dtype=torch.float16)
    same, other = factors[:, :, :size]
    torch.mul(pixels, SCALE, out=same[..., :classes])
    most, place = pixels.max(2, keepdim=True)
    torch.add(torch.full_like(most, SCALE), pixels, alpha=-SCALE, out=other[..., :classes])
    other.scatter_(2, place, (torch.where(most > 0.5, others.unsqueeze(2), 1 - most) * SCALE).half())
    other[..., classes] = SCALE
    factors[:, :, :size].masked_fill_(~valid.unsqueeze(2), 0)
    factors[..., classes + 1] = SCALE
    factors[:, :, :size, classes + 1] = SCALE * ~valid
    return factors


def _borders(label: Tensor, rows: int, columns: int) -> Tensor:
    """For each block of rows, which tiles of columns are of its own classes: int32, ``(B, blocks, 4)``.

    Tiles from the first of the four on and before the last have pixels of the block's classes; those from the second on
    and before the third have none else, nor has the block. Labels are sorted.
    """
    first = torch.arange(0, label.shape[1], rows, device=label.device)
    low, high = label[:, first].contiguous(), label[:, (first + rows - 1).clamp(max=label.shape[1] - 1)].contiguous()
    begin, end = torch.searchsorted(label, low), torch.searchsorted(label, high, right=True)
    inner = torch.where(low == high, end // columns, 0)
    return torch.stack([begin // columns, -(-begin // columns), inner, -(-end // columns)], 2).int()


@triton.jit
def _nothing(place):
    tl.store(place, 0.)


@triton.jit
def _times(a, b):
    return a * b


@triton.jit
def _halves_product(x):
    """Of the left half of columns and the right one: both are in the same thread, so nothing moves."""
    left, right = tl.split(tl.permute(tl.reshape(x, (x.shape[0], 2, x.shape[1] // 2)), (0, 2, 1)))
    return left * right


@triton.jit
def _sum_of_logs(x):
    """Of each row's numbers / 2^30, which are from 2^-30 to 1, to base 2, with one logarithm.

    Four are multiplied as they are, up to 2^120; of their products exponents are summed, and mantissas multiplied.
    """
    fours = _halves_product(_halves_product(x))
    bits = fours.to(tl.int32, bitcast=True)
    mantissas = ((bits & 0x7fffff) | 0x3f800000).to(tl.float32, bitcast=True)
    exponents = tl.sum((bits >> 23) - (127 + 120), 1)
    return exponents.to(tl.float32) + tl.log2(tl.reduce(mantissas, 1, _times))


@triton.jit
def _alike(factors, short, borders, pending, row_losses, slope, size, classes, stride: tl.constexpr,
           scale: tl.constexpr, least: tl.constexpr, words, gradient: tl.constexpr, rows: tl.constexpr,
           columns: tl.constexpr, width: tl.constexpr):
    """Losses of some rows' pairs and each row's sums of -right_j / x, by tiles of one kind; marks tiles left out."""
    blocks = tl.num_programs(1)
    block = tl.program_id(0).to(tl.int64) * blocks + tl.program_id(1)
    length = blocks * rows
    tiles = length // columns
    same = factors + tl.program_id(0).to(tl.int64) * length * stride
    other = same + tl.num_programs(0).to(tl.int64) * length * stride
    first, inner, inner_end, end = (tl.load(borders + 4 * block), tl.load(borders + 4 * block + 1),
                                    tl.load(borders + 4 * block + 2), tl.load(borders + 4 * block + 3))
    k = tl.arange(0, width)[None, :]
    i = tl.program_id(1) * rows + tl.arange(0, rows)
    inside = i < size
    pixel = tl.program_id(0).to(tl.int64) * size + i
    left = tl.load(same + i[:, None].to(tl.int64) * stride + k, k < stride, 0.)
    left = tl.where(k == classes, (tl.load(short + pixel, inside, 0.) * scale).to(tl.float16)[:, None], left)
    # Rows that do not count, and are not read, have products near 1, so that no tile seems too steep for their sake.
    ignored = tl.load(same + i.to(tl.int64) * stride + classes + 1) > 0
    left = tl.where(ignored[:, None], scale / width, left)
    left = tl.where(k == classes + 1, scale, left).to(tl.float16)
    total = tl.zeros((rows,), tl.float32)
    pulled = tl.zeros((rows, width), tl.float32)
    word = 0
    for tile in range(tiles):
        alike = (tile >= inner) & (tile < inner_end)
        mixed = (tile >= first) & (tile < end) & (alike == 0)
        j = tile * columns + tl.arange(0, columns)
        right = tl.load(tl.where(alike, same, other) + j[:, None].to(tl.int64) * stride + k, k < stride, 0.)
        x = tl.dot(left, tl.trans(right))
        left_out = mixed | ((tl.min(tl.min(x, 1), 0) >= least * scale * scale) == 0)
        word = tl.where(tile % 32 == 0, 0, word) | (left_out.to(tl.int32) << (tile % 32))
        tl.store(pending + block * words + tile // 32, word)
        if left_out == 0:
            total -= _sum_of_logs(x)
            if gradient:
                root = tl.rsqrt(x) * 256  # of 2^16 / x, which float16 holds; Triton has no quick reciprocal
                # Added here, for tensor cores would round each sum towards 0.
                pulled -= tl.dot((root * root).to(tl.float16), right)
    tl.store(row_losses + pixel, total * LOG_2, inside)
    if gradient:
        tl.store(slope + pixel[:, None] * (classes + 1) + k, pulled * (scale / 2 ** 16),
                 inside[:, None] & (k <= classes))


@triton.jit
def _round(x):
    """To TF32's nearest: tensor cores cut its factors off, which would make every product too small."""
    return ((x.to(tl.int32, bitcast=True) + 0x1000) & -0x2000).to(tl.float32, bitcast=True)


@triton.jit
def _pending(pixels, short, others, label, weight, pending, row_losses, slope, size, classes,
             log_floor: tl.constexpr, slope_floor: tl.constexpr, words, gradient: tl.constexpr, rows: tl.constexpr,
             columns: tl.constexpr, width: tl.constexpr):
    """Adds what ``_alike`` left, whatever classes and steepness; names as in ``numerics.pair_factors``."""
    image = tl.program_id(0).to(tl.int64) * size
    block = tl.program_id(0).to(tl.int64) * tl.num_programs(1) + tl.program_id(1)
    k = tl.arange(0, width)[None, :]
    i = tl.program_id(1) * rows + tl.arange(0, rows)
    inside = i < size
    left = tl.load(pixels + (image + i)[:, None] * classes + k, inside[:, None] & (k < classes), 0.)
    left = _round(tl.where(k == classes, tl.load(short + image + i, inside, 0.)[:, None], left))
    class_i = tl.load(label + image + i, inside, 0)
    weight_i = tl.load(weight + image + i, inside, 0.)
    to_slope = slope + (image + i)[:, None] * (classes + 1) + k
    total = tl.load(row_losses + image + i, inside, 0.)
    pulled = tl.zeros((rows, width), tl.float32)
    if gradient:
        pulled += tl.load(to_slope, inside[:, None] & (k <= classes), 0.)
    chunk: tl.constexpr = columns // 2  # what registers hold
    for place in range(words):
        word = tl.load(pending + block * words + place)
        for part in range(tl.where(word == 0, 0, 2 * 32)):
            if (word >> (part // 2)) & 1 == 1:
                j = place * 32 * columns + part * chunk + tl.arange(0, chunk)
                within = j < size
                p = tl.load(pixels + (image + j)[:, None] * classes + k, within[:, None] & (k < classes), 0.)
                class_j = tl.load(label + image + j, within, 0)
                weight_j = tl.load(weight + image + j, within, 0.)
                others_j = tl.load(others + image + j, within, 0.)[:, None]
                for kind in tl.static_range(2):
                    right = p
                    if kind == 1:
                        rest = tl.where(p > 0.5, others_j, 1 - p)
                        right = tl.where(k < classes, rest, tl.where(k == classes, 1., 0.))
                    right = _round(right)
                    counts = (class_i[:, None] == class_j[None, :]) == (kind == 0)
                    counts = tl.where(counts, weight_j[None, :], 0.) * weight_i[:, None]
                    x = tl.dot(left, tl.trans(right), input_precision='tf32')
                    positive = tl.maximum(x, 0., propagate_nan=tl.PropagateNan.ALL)
                    logs = tl.maximum(tl.log2(positive), log_floor, propagate_nan=tl.PropagateNan.ALL)
                    total -= tl.sum(counts * logs, 1) * LOG_2
                    if gradient:
                        steep = counts / tl.maximum(x, slope_floor)
                        pulled -= tl.dot(steep, right, input_precision='tf32')
    tl.store(row_losses + image + i, total, inside)
    if gradient:
        tl.store(to_slope, pulled, inside[:, None] & (k <= classes))

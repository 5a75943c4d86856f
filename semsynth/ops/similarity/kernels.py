"""The similarity loss's first kernels, in Triton; ``semsynth.ops.similarity.fused`` says what they are for.

Factors of ``wide + narrow`` entries are taken in two pieces, as Triton has powers of two alone: 37 entries are 32 + 16
and not 64. A *visit* is one look at the pairs of a block of rows and a tile of columns: at those of one class, or of
two. A tile that has both, at a border between classes, is visited twice.
"""

from __future__ import annotations

from math import log

import triton
import triton.language as tl

LOG_2 = tl.constexpr(log(2))


@triton.jit
def nothing(place):
    """The smallest of kernels."""
    tl.store(place, 0.)


@triton.jit
def prepare(probs, order, valid, pixels, short, others, factors, size, classes, stride: tl.constexpr,
            scale: tl.constexpr, saturated: tl.constexpr, rows: tl.constexpr, width: tl.constexpr):
    """Pixels in their order, ``numerics.deficit_and_complement`` of them, and their factors in float16, scaled.

    The last of ``classes + 2`` entries of a factor is for what does not count: 1 there and 0 elsewhere. As every pixel
    on the left has 1 there too, such a pair's product is 1: its loss is 0, and its gradient is in that entry, which
    nothing reads.
    """
    image = tl.program_id(0).to(tl.int64)
    i = tl.program_id(1) * rows + tl.arange(0, rows)
    k = tl.arange(0, width)[None, :]
    place = image * size + i
    source = tl.load(order + place, i < size, 0)
    counts = tl.load(valid + image * size + source, i < size, 0) != 0
    p = tl.load(probs + (image * classes + k) * size + source[:, None], counts[:, None] & (k < classes), 0.)
    total = tl.sum(p, 1)
    deficit = tl.where(tl.max(p, 1) > saturated, 0 * total, 1 - total)  # what is not a number remains
    rest = tl.sum(tl.where(p > 0.5, 0., p), 1) + deficit
    tl.store(pixels + place[:, None] * classes + k, p, (i < size)[:, None] & (k < classes))
    tl.store(short + place, deficit, i < size)
    tl.store(others + place, rest, i < size)
    counts, left_out = counts[:, None], tl.where(counts, 0., scale)[:, None]
    same = tl.where(k == classes + 1, left_out, p * scale)
    other = tl.where(k < classes, tl.where(p > 0.5, rest[:, None], 1 - p), tl.where(k == classes, 1., 0.)) * scale
    other = tl.where(k == classes + 1, left_out, tl.where(counts, other, 0.))
    length = tl.num_programs(1).to(tl.int64) * rows
    to = factors + (image * length + i)[:, None] * stride + k
    tl.store(to, same.to(tl.float16), k < stride)
    tl.store(to + tl.num_programs(0) * length * stride, other.to(tl.float16), k < stride)


@triton.jit
def _place(label, value, size, after: tl.constexpr):
    """Where in sorted labels a value begins, or (``after``) what is greater than it."""
    low = 0
    high = size
    while low < high:
        middle = (low + high) // 2
        met = tl.load(label + middle)
        before = (met < value) | (after & (met == value))
        low = tl.where(before, middle + 1, low)
        high = tl.where(before, high, middle)
    return low


@triton.jit
def borders(label, row, size, rows: tl.constexpr, columns: tl.constexpr):
    """Which tiles of columns are of the classes of a block of rows: four numbers.

    Tiles from the first of these on and before the last have pixels of the block's classes; those from the second on
    and before the third have none else, nor has the block. Labels are sorted.
    """
    low = tl.load(label + row)
    high = tl.load(label + tl.minimum(row + rows, size) - 1)
    begin = _place(label, low, size, False)
    end = _place(label, high, size, True)
    inner = (begin + columns - 1) // columns
    inner_end = tl.where(low == high, end // columns, 0)
    return begin // columns, inner, tl.maximum(inner, inner_end), (end + columns - 1) // columns


@triton.jit
def pure_tile(number, first, inner, inner_end, end):
    """A tile with pairs of one class, or of two, alone; and which."""
    tile = tl.where(number >= first, number + inner - first, number)
    tile = tl.where(tile >= inner_end, tile + end - inner_end, tile)
    return tile, (tile >= inner) & (tile < inner_end)


@triton.jit
def mixed_tile(number, first, inner, inner_end):
    """A tile with both, and whether it is the turn of its pairs of one class: it has two turns."""
    tile = first + number // 2
    return tl.where(tile >= inner, tile + inner_end - inner, tile), number % 2 == 0


@triton.jit
def halves_product(x):
    """Of the left half of columns and the right one: both are in the same thread, so nothing moves."""
    left, right = tl.split(tl.permute(tl.reshape(x, (x.shape[0], 2, x.shape[1] // 2)), (0, 2, 1)))
    return left * right


@triton.jit
def exponents_and_mantissas(x):
    """Of positive numbers."""
    bits = x.to(tl.int32, bitcast=True)
    return (bits >> 23) - 127, ((bits & 0x7fffff) | 0x3f800000).to(tl.float32, bitcast=True)


@triton.jit
def _left(same, i, k, short, counts, classes, stride: tl.constexpr, scale: tl.constexpr, width: tl.constexpr):
    """A piece of the rows' factors. Rows that do not count have products near 1, so that no tile is steep by them."""
    left = tl.load(same + i[:, None] * stride + k, k < stride, 0.)
    left = tl.where(k == classes, (short * scale).to(tl.float16)[:, None], left)
    left = tl.where(counts[:, None], left, scale / width)
    return tl.where(k == classes + 1, scale, left).to(tl.float16)


@triton.jit
def of_kind(label, class_i, j, size, alike):
    """Which pairs of a tile are of one class, or else of two."""
    return (class_i[:, None] == tl.load(label + j, j < size, 0)[None, :]) == alike


@triton.jit
def _add(factors, number, alike, mixed: tl.constexpr, tile, label, class_i, size, left, left2, pending, word, exponents,
         mantissas, pulled, pulled2, stride: tl.constexpr, scale: tl.constexpr, least: tl.constexpr,
         gradient: tl.constexpr, columns: tl.constexpr, wide: tl.constexpr, narrow: tl.constexpr):
    """Add a visit's logarithms, as exponents and mantissas, and its slopes, or mark it in ``pending``."""
    j = tile * columns + tl.arange(0, columns)
    k = tl.arange(0, wide)[None, :]
    source = factors + j[:, None] * stride
    right = tl.load(source + k, k < stride, 0.)
    x = tl.dot(left, tl.trans(right))
    if narrow > 0:
        k2 = wide + tl.arange(0, narrow)[None, :]
        right2 = tl.load(source + k2, k2 < stride, 0.)
        x = tl.dot(left2, tl.trans(right2), x)
    if mixed:
        x = tl.where(of_kind(label, class_i, j, size, alike), x, scale * scale)
    left_out = (tl.min(tl.min(x, 1), 0) >= least * scale * scale) == 0
    word |= left_out.to(tl.int32) << (number % 32)
    if left_out == 0:
        # Numbers from 2^0 to 2^30, eight of them, times 2^-120.
        exponent, mantissa = exponents_and_mantissas(
            halves_product(halves_product(halves_product(x)) * 2.0 ** -60))
        exponents += exponent - 120
        mantissas *= mantissa
        if gradient:
            root = tl.rsqrt(x) * 256  # of 2^16 / x, which float16 holds; Triton has no quick reciprocal
            steep = (root * root).to(tl.float16)
            if mixed:
                steep = tl.where(of_kind(label, class_i, j, size, alike), steep, 0.).to(tl.float16)
            # Added here, for tensor cores would round each sum towards 0.
            pulled -= tl.dot(steep, right)
            if narrow > 0:
                pulled2 -= tl.dot(steep, right2)
    if number % 32 == 31:  # before products of mantissas, each below 2, are too large
        exponent, mantissas = exponents_and_mantissas(mantissas)
        exponents += exponent
        tl.store(pending + number // 32, word)
        word = 0
    return word, exponents, mantissas, pulled, pulled2


@triton.jit
def quick(factors, label, short, pending, row_losses, slope, size, classes, words, stride: tl.constexpr,
          scale: tl.constexpr, least: tl.constexpr, gradient: tl.constexpr, rows: tl.constexpr,
          columns: tl.constexpr, wide: tl.constexpr, narrow: tl.constexpr):
    """Each row's loss, to base e, and its sums of -right_j / x; marks in ``pending`` the visits that it leaves out."""
    image, blocks = tl.program_id(0).to(tl.int64), tl.num_programs(1)
    length = blocks * rows
    same = factors + image * length * stride
    other = same + tl.num_programs(0).to(tl.int64) * length * stride
    label += image * size
    pending += (image * blocks + tl.program_id(1)) * words
    first, inner, inner_end, end = borders(label, tl.program_id(1) * rows, size, rows, columns)
    i = tl.program_id(1) * rows + tl.arange(0, rows)
    inside = i < size
    pixel = image * size + i
    class_i = tl.load(label + i, inside, 0)
    counts = tl.load(same + i * stride + classes + 1) == 0
    deficit = tl.load(short + pixel, inside, 0.)
    spare: tl.constexpr = 16 if narrow == 0 else narrow
    k, k2 = tl.arange(0, wide)[None, :], wide + tl.arange(0, spare)[None, :]
    left = _left(same, i, k, deficit, counts, classes, stride, scale, wide + narrow)
    left2 = _left(same, i, k2, deficit, counts, classes, stride, scale, wide + narrow)
    pulled, pulled2 = tl.zeros((rows, wide), tl.float32), tl.zeros((rows, spare), tl.float32)
    exponents = tl.zeros((rows, columns // 8), tl.int32)
    mantissas = tl.full((rows, columns // 8), 1., tl.float32)
    word = 0
    pure = length // columns - (end - first) + (inner_end - inner)
    for number in range(pure):
        tile, alike = pure_tile(number, first, inner, inner_end, end)
        word, exponents, mantissas, pulled, pulled2 = _add(
            tl.where(alike, same, other), number, alike, False, tile, label, class_i, size, left, left2, pending, word,
            exponents, mantissas, pulled, pulled2, stride, scale, least, gradient, columns, wide, narrow)
    for number in range(pure, 2 * (length // columns) - pure):
        tile, alike = mixed_tile(number - pure, first, inner, inner_end)
        word, exponents, mantissas, pulled, pulled2 = _add(
            tl.where(alike, same, other), number, alike, True, tile, label, class_i, size, left, left2, pending, word,
            exponents, mantissas, pulled, pulled2, stride, scale, least, gradient, columns, wide, narrow)
    tl.store(pending + (2 * (length // columns) - pure) // 32, word)
    total = tl.sum(exponents, 1).to(tl.float32) + tl.sum(tl.log2(mantissas), 1)
    tl.store(row_losses + pixel, -total * LOG_2, inside)
    if gradient:
        to = slope + pixel[:, None] * (classes + 1)
        tl.store(to + k, pulled * (scale / 2 ** 16), inside[:, None] & (k <= classes))
        if narrow > 0:
            tl.store(to + k2, pulled2 * (scale / 2 ** 16), inside[:, None] & (k2 <= classes))

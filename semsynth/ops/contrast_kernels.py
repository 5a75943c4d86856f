"""Triton kernels of the contrast over all pairs of pixels; ``semsynth.ops.fused_contrast`` says what they are for.

Pixels lie sorted by class, those that count first, and ``kinds`` are numbers that grow with the class. ``x`` has their
embeddings in float16, so that products of two are similarities to base 2.
"""

from __future__ import annotations

import triton
import triton.language as tl

from semsynth.ops.similarity.kernels import LOG_2, borders, exponents_and_mantissas, halves_product


@triton.jit
def _rows(kinds, counted, rows: tl.constexpr, columns: tl.constexpr):
    """A program's rows, and the tiles of columns: of its classes, as ``borders`` has them, all full ones, and all."""
    size = tl.load(counted)
    row = tl.program_id(0) * rows
    i = row + tl.arange(0, rows)
    span = tl.maximum(size, 1)
    first, inner, inner_end, end = borders(kinds, tl.minimum(row, span - 1), span, rows, columns)
    none = row >= size  # such a program has nothing to do
    tiles = tl.where(none, 0, (size + columns - 1) // columns)
    return (i, size, tl.where(none, 0, first), tl.where(none, 0, inner), tl.where(none, 0, inner_end),
            tl.where(none, 0, end), tl.where(none, 0, size // columns), tiles)


@triton.jit
def _masked_tile(number, first, inner, inner_end, end, full):
    """A tile with some pairs of two classes, but not all: at the borders between classes, and at the end."""
    tile = first + number
    tile = tl.where(tile >= inner, tile + inner_end - inner, tile)
    return tl.where(tile >= end, tile + tl.maximum(full - end, 0), tile)


@triton.jit
def _similar(x, left, j, k, width: tl.constexpr):
    """The columns' embeddings, and their similarities to the rows."""
    right = tl.load(x + j[:, None] * width + k)
    return right, tl.dot(left, tl.trans(right))


@triton.jit
def _of_two(kinds, kind_i, j, size):
    """Which pairs of a tile are of two classes."""
    kind_j = tl.load(kinds + j, j < size, 0)
    return (kind_i[:, None] != kind_j[None, :]) & (j < size)[None, :]


@triton.jit
def negatives(x, kinds, counted, is_anchor, z, rows: tl.constexpr, columns: tl.constexpr, width: tl.constexpr):
    """Each anchor's sum of exp(s) over its negatives, and 0 for what is no anchor."""
    i, size, first, inner, inner_end, end, full, tiles = _rows(kinds, counted, rows, columns)
    k = tl.arange(0, width)[None, :]
    left = tl.load(x + i[:, None] * width + k)
    kind_i = tl.load(kinds + i, i < size, 0)
    total = tl.zeros((rows,), tl.float32)
    for number in range(first + tl.maximum(full - end, 0)):
        j = tl.where(number < first, number, number + end - first) * columns + tl.arange(0, columns)
        _, s = _similar(x, left, j, k, width)
        total += tl.sum(tl.exp2(s), 1)
    for number in range((end - first) - (inner_end - inner) + tl.maximum(tiles - tl.maximum(full, end), 0)):
        j = _masked_tile(number, first, inner, inner_end, end, full) * columns + tl.arange(0, columns)
        _, s = _similar(x, left, j, k, width)
        total += tl.sum(tl.where(_of_two(kinds, kind_i, j, size), tl.exp2(s), 0.), 1)
    tl.store(z + i, tl.where(tl.load(is_anchor + i) != 0, total, 0.))


@triton.jit
def _share(a):
    """a / (1 + a), of which Triton's own division takes many times as long."""
    root = tl.rsqrt(1 + a)
    return a * (root * root)


@triton.jit
def positives(x, kinds, counted, z, losses, pull, slope, scale: tl.constexpr, gradient: tl.constexpr,
              rows: tl.constexpr, columns: tl.constexpr, width: tl.constexpr):
    """Each anchor's sums, over its positives, of the loss log(1 + a) and of its slope a / (1 + a).

    ``slope`` gets the gradient by similarities to pixels of the same class, both as anchor and as a positive.
    """
    i, size, first, _, _, end, _, _ = _rows(kinds, counted, rows, columns)
    k = tl.arange(0, width)[None, :]
    left = tl.load(x + i[:, None] * width + k)
    kind_i, z_i = tl.load(kinds + i, i < size, 0), tl.load(z + i)
    loss, pulled = tl.zeros((rows,), tl.float32), tl.zeros((rows,), tl.float32)
    # Of logarithms of 1 + a: one in all for what lies eight columns apart.
    exponents, mantissas = tl.zeros((rows,), tl.int32), tl.full((rows, 8), 1., tl.float32)
    to = tl.zeros((rows, width), tl.float32)
    for tile in range(first, end):
        j = tile * columns + tl.arange(0, columns)
        right, s = _similar(x, left, j, k, width)
        alike = (kind_i[:, None] == tl.load(kinds + j, j < size, 0)[None, :]) & (j < size)[None, :]
        alike &= i[:, None] != j[None, :]
        e = tl.where(alike, tl.exp2(-s), 0.)
        a = z_i[:, None] * e
        small = a < 1e-3  # the logarithm's series, as 1 + a would round it away
        loss += tl.sum(tl.where(small, a - 0.5 * a * a, 0.), 1)
        exponent, mantissa = exponents_and_mantissas(tl.where(small, 1., 1 + a))
        exponents += tl.sum(exponent, 1)
        mantissas *= halves_product(halves_product(halves_product(mantissa)))
        exponent, mantissas = exponents_and_mantissas(mantissas)
        exponents += tl.sum(exponent, 1)
        if gradient:
            steep = _share(a)
            pulled += tl.sum(steep, 1)
            to -= tl.dot(((steep + _share(tl.load(z + j)[None, :] * e)) * scale).to(tl.float16), right)
    tl.store(losses + i, loss + LOG_2 * (exponents.to(tl.float32) + tl.sum(tl.log2(mantissas), 1)))
    if gradient:
        tl.store(pull + i, pulled)
        tl.store(slope + i[:, None] * width + k, to * (1 / scale))


@triton.jit
def _pushed(s, push_i, push_j):
    return tl.exp2(s) * (push_i[:, None] + push_j[None, :])


@triton.jit
def repulsion(x, kinds, counted, push, per_positive, unit, slope, rows: tl.constexpr, columns: tl.constexpr,
              width: tl.constexpr):
    """Finishes ``slope``: adds the gradient by similarities to pixels of other classes."""
    i, size, first, inner, inner_end, end, full, tiles = _rows(kinds, counted, rows, columns)
    k = tl.arange(0, width)[None, :]
    left = tl.load(x + i[:, None] * width + k)
    kind_i, push_i = tl.load(kinds + i, i < size, 0), tl.load(push + i)
    to = tl.zeros((rows, width), tl.float32)
    for number in range(first + tl.maximum(full - end, 0)):
        j = tl.where(number < first, number, number + end - first) * columns + tl.arange(0, columns)
        right, s = _similar(x, left, j, k, width)
        to += tl.dot(_pushed(s, push_i, tl.load(push + j)).to(tl.float16), right)
    for number in range((end - first) - (inner_end - inner) + tl.maximum(tiles - tl.maximum(full, end), 0)):
        j = _masked_tile(number, first, inner, inner_end, end, full) * columns + tl.arange(0, columns)
        right, s = _similar(x, left, j, k, width)
        pushed = tl.where(_of_two(kinds, kind_i, j, size), _pushed(s, push_i, tl.load(push + j)), 0.)
        to += tl.dot(pushed.to(tl.float16), right)
    place = slope + i[:, None] * width + k
    total = tl.load(place) * tl.load(per_positive + i)[:, None] + to * tl.load(unit)
    tl.store(place, tl.where((i < size)[:, None], total, 0.))

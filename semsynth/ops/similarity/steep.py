"""The similarity loss's last kernel, in Triton; ``semsynth.ops.similarity.fused`` says what it is for."""

from __future__ import annotations

import triton
import triton.language as tl

from semsynth.ops.similarity.kernels import LOG_2, borders, mixed_tile, of_kind, pure_tile


@triton.jit
def _round(x):
    """To TF32's nearest: tensor cores cut its factors off, which would make every product too small."""
    return ((x.to(tl.int32, bitcast=True) + 0x1000) & -0x2000).to(tl.float32, bitcast=True)


@triton.jit
def _exact_left(pixels, k, deficit, inside, classes):
    left = tl.load(pixels + k, inside[:, None] & (k < classes), 0.)
    return _round(tl.where(k == classes, deficit[:, None], left))


@triton.jit
def _exact_right(pixels, k, rest, inside, alike, classes):
    p = tl.load(pixels + k, inside[:, None] & (k < classes), 0.)
    other = tl.where(k < classes, tl.where(p > 0.5, rest[:, None], 1 - p), tl.where(k == classes, 1., 0.))
    return _round(tl.where(alike, p, other))


@triton.jit
def _gradient(slope, offset, count, rounding: tl.constexpr):
    """As ``numerics.gradient_from_slopes``."""
    bearable = tl.abs(offset) * 2.0 ** -23 <= rounding * count
    return (slope - tl.where(bearable, offset, 0.)[:, None]) * (2 / (count * count))


@triton.jit
def steep(factors, pixels, short, others, label, valid_pixels, pending, row_losses, slope, size, classes, words,
          stride: tl.constexpr, log_floor: tl.constexpr, slope_floor: tl.constexpr, rounding: tl.constexpr,
          gradient: tl.constexpr, rows: tl.constexpr, columns: tl.constexpr, height: tl.constexpr, chunk: tl.constexpr,
          wide: tl.constexpr, narrow: tl.constexpr):
    """Adds what ``quick`` left out, and makes gradients of slopes; names as in ``numerics.pair_factors``.

    A program has a part of a block's rows, of ``height``, and takes a part of a tile, of ``chunk`` columns, at a time.
    """
    image, length = tl.program_id(0).to(tl.int64), tl.num_programs(1) * height
    block = tl.program_id(1) * height // rows
    tiles = length // columns
    ignored = factors + image * length * stride + classes + 1
    label += image * size
    pending += (image * (length // rows) + block) * words
    first, inner, inner_end, end = borders(label, block * rows, size, rows, columns)
    i = tl.program_id(1) * height + tl.arange(0, height)
    inside = i < size
    pixel = image * size + i
    class_i = tl.load(label + i, inside, 0)
    counts_i = tl.load(ignored + i * stride) == 0
    deficit = tl.load(short + pixel, inside, 0.)
    k = tl.arange(0, wide)[None, :]
    left = _exact_left(pixels + pixel[:, None] * classes, k, deficit, inside, classes)
    to = slope + pixel[:, None] * (classes + 1)
    total = tl.load(row_losses + pixel, inside, 0.)
    pulled = tl.zeros((height, wide), tl.float32)
    if gradient:
        pulled += tl.load(to + k, inside[:, None] & (k <= classes), 0.)
    if narrow > 0:
        k2 = wide + tl.arange(0, narrow)[None, :]
        left2 = _exact_left(pixels + pixel[:, None] * classes, k2, deficit, inside, classes)
        pulled2 = tl.zeros((height, narrow), tl.float32)
        if gradient:
            pulled2 += tl.load(to + k2, inside[:, None] & (k2 <= classes), 0.)
    parts: tl.constexpr = columns // chunk
    pure = tiles - (end - first) + (inner_end - inner)
    for place in range((2 * tiles - pure + 31) // 32):
        word = tl.load(pending + place)
        for part in range(tl.where(word == 0, 0, parts * 32)):
            if (word >> (part // parts)) & 1 == 1:
                number = place * 32 + part // parts
                tile, alike = pure_tile(number, first, inner, inner_end, end)
                if number >= pure:
                    tile, alike = mixed_tile(number - pure, first, inner, inner_end)
                j = tile * columns + part % parts * chunk + tl.arange(0, chunk)
                within = j < size
                rest = tl.load(others + image * size + j, within, 0.)
                from_j = pixels + (image * size + j)[:, None] * classes
                right = _exact_right(from_j, k, rest, within, alike, classes)
                x = tl.dot(left, tl.trans(right), input_precision='tf32')
                if narrow > 0:
                    right2 = _exact_right(from_j, k2, rest, within, alike, classes)
                    x = tl.dot(left2, tl.trans(right2), x, input_precision='tf32')
                counts = of_kind(label, class_i, j, size, alike) & counts_i[:, None]
                counts &= tl.load(ignored + j * stride)[None, :] == 0
                positive = tl.maximum(x, 0., propagate_nan=tl.PropagateNan.ALL)
                logs = tl.maximum(tl.log2(positive), log_floor, propagate_nan=tl.PropagateNan.ALL)
                total -= tl.sum(tl.where(counts, logs, 0.), 1) * LOG_2
                if gradient:
                    steep = tl.where(counts, 1 / tl.maximum(x, slope_floor), 0.)
                    pulled -= tl.dot(steep, right, input_precision='tf32')
                    if narrow > 0:
                        pulled2 -= tl.dot(steep, right2, input_precision='tf32')
    # What is not a number has an exponent and a mantissa too.
    tl.store(row_losses + pixel, tl.where(counts_i, total + 0 * deficit, 0.), inside)
    if gradient:
        count = tl.load(valid_pixels + image).to(tl.float32)
        offset = tl.sum(tl.where(k == classes, pulled, 0.), 1)
        if narrow > 0:
            offset += tl.sum(tl.where(k2 == classes, pulled2, 0.), 1)
        pulled = tl.where(counts_i[:, None], _gradient(pulled, offset, count, rounding), 0.)
        tl.store(to + k, pulled, inside[:, None] & (k < classes))
        if narrow > 0:
            pulled2 = tl.where(counts_i[:, None], _gradient(pulled2, offset, count, rounding), 0.)
            tl.store(to + k2, pulled2, inside[:, None] & (k2 < classes))

"""All pairs on a GPU in one Triton kernel: no tile of pairs ever leaves the chip.

A program keeps its rows' gradient in registers and walks over all columns, so that nothing is added up by atomics and
two runs agree bitwise. The price is that a pair is seen twice, once from each end: 4 K M^2 operations, K being the
classes and one more padded to a power of two, where symmetry would do with 3 K M^2 and K M^2 / (2 rows) atomic
additions. At M = 131072 and 35 classes that is 4.4e12: 9 ms at the 495 TFLOP/s in TF32 of an H200's datasheet, 27 ms
in float32, which takes three products in TF32 (tf32x3). A logarithm and a division for each pair come beside that.
Factors in bfloat16 would halve the products only, and have missed 1e-3 of the loss.
"""

from __future__ import annotations

import torch
import triton
import triton.language as tl
from torch import Tensor

from semsynth.ops.similarity.numerics import LOG_FLOOR, SLOPE_FLOOR, finish, sums

WARPS = 8
ALIGNMENT = 16
MAX_CLASSES = 255
SHARED_MEMORY = 196608
"""What the largest tiles need, in bytes; H100, H200 and their successors have it."""


def evaluate(probs: Tensor, label: Tensor, valid: Tensor, gradient: bool,
             precision: str = 'float32') -> tuple[Tensor, Tensor | None]:
    """The loss of each image and its gradient; arguments and results as in ``by_class.evaluate``, float32 on a GPU.

    The precision is that of the products, 'float32' or 'tf32'; all else is float32.
    """
    images, classes, size = probs.shape
    # Sorted by class, all pairs of a tile but a few are alike; the kernel is right in any order.
    label, order = label.sort(1)
    spread = order.unsqueeze(1).expand(-1, classes, -1)
    pixels = probs.new_zeros(images, size, -(-classes // ALIGNMENT) * ALIGNMENT)
    pixels[..., :classes] = probs.gather(2, spread).mT
    short, others = (value.squeeze(1).gather(1, order) for value in sums(probs))
    weight = valid.gather(1, order).to(torch.float32)
    paid = probs.new_empty(images, size)
    slope = probs.new_empty(images, size, classes + 1)
    # The largest tiles whose rows' gradient and factors still fit registers and shared memory, as compiled for sm_90.
    width = max(16, triton.next_power_of_2(classes + 1))
    rows, columns = 128 if width <= 128 else 64, 64 if width <= 64 and precision == 'tf32' else 32
    with torch.cuda.device_of(probs):
        _kernel[images, triton.cdiv(size, rows)](
            pixels, short, others, label, weight, paid, slope, size, classes, pixels.shape[2],
            log_floor=LOG_FLOOR, slope_floor=SLOPE_FLOOR, gradient=gradient,
            input_precision='tf32' if precision == 'tf32' else 'tf32x3', rows=rows, columns=columns,
            width=width, num_warps=WARPS)
    count = valid.sum(1).clamp(min=1)
    losses = paid.sum(1, dtype=torch.float64) / count.double() ** 2
    if not gradient:
        return losses, None
    del pixels
    return losses, torch.empty_like(probs).scatter_(2, spread, finish(slope.mT, count[:, None, None]))


@triton.jit
def _round(x, input_precision: tl.constexpr):
    """To TF32's nearest: tensor cores cut its factors off, which would make every product too small."""
    if input_precision == 'tf32':
        x = ((x.to(tl.int32, bitcast=True) + 0x1000) & -0x2000).to(tl.float32, bitcast=True)
    return x


@triton.jit
def _kernel(pixels, short, others, label, weight, paid, slope, size, classes, stride, log_floor: tl.constexpr,
            slope_floor: tl.constexpr, gradient: tl.constexpr, input_precision: tl.constexpr,
            rows: tl.constexpr, columns: tl.constexpr, width: tl.constexpr):
    """What some rows' pairs pay, and each row's sums of -right_j / x; names as in ``numerics.operands``."""
    image = tl.program_id(0).to(tl.int64) * size
    k = tl.arange(0, width)[None, :]
    i = tl.program_id(1) * rows + tl.arange(0, rows)
    inside = i < size
    left = tl.load(pixels + (image + i)[:, None] * stride + k, inside[:, None] & (k < classes), 0.)
    left = _round(tl.where(k == classes, tl.load(short + image + i, inside, 0.)[:, None], left), input_precision)
    # A row or column beyond the end takes the class of the last, so that it makes no tile mixed.
    class_i = tl.load(label + image + tl.minimum(i, size - 1))
    weight_i = tl.load(weight + image + i, inside, 0.)
    total = tl.zeros((rows,), tl.float32)
    pulled = tl.zeros((rows, width), tl.float32)
    for start in range(0, size, columns):
        j = start + tl.arange(0, columns)
        within = j < size
        p = tl.load(pixels + (image + j)[:, None] * stride + k, within[:, None] & (k < classes), 0.)
        class_j = tl.load(label + image + tl.minimum(j, size - 1))
        weight_j = tl.load(weight + image + j, within, 0.)
        low = tl.minimum(tl.min(class_i, 0), tl.min(class_j, 0))
        high = tl.maximum(tl.max(class_i, 0), tl.max(class_j, 0))
        apart = (tl.max(class_i, 0) < tl.min(class_j, 0)) | (tl.max(class_j, 0) < tl.min(class_i, 0))
        for kind in tl.static_range(2):
            if kind == 0:
                needed = apart == 0
                right = p
            else:
                needed = low < high
                others_j = tl.load(others + image + j, within, 0.)[:, None]
                right = tl.where(k < classes, tl.where(p > 0.5, others_j, 1 - p), tl.where(k == classes, 1., 0.))
            right = _round(right, input_precision)
            if needed:
                counts = (class_i[:, None] == class_j[None, :]) == (kind == 0)
                counts = tl.where(counts, weight_j[None, :], 0.) * weight_i[:, None]
                x = tl.dot(left, tl.trans(right), input_precision=input_precision)
                positive = tl.maximum(x, 0., propagate_nan=tl.PropagateNan.ALL)
                logs = tl.maximum(tl.log(positive), log_floor, propagate_nan=tl.PropagateNan.ALL)
                total -= tl.sum(counts * logs, 1)
                if gradient:
                    steep = counts / tl.maximum(x, slope_floor)
                    pulled -= tl.dot(steep, right, input_precision=input_precision)
    tl.store(paid + image + i, total, inside)
    if gradient:
        tl.store(slope + (image + i)[:, None] * (classes + 1) + k, pulled, inside[:, None] & (k <= classes))

"""Class-specific pixel generation: every class has convolutions of its own (ECGAN, 3.3, eq. 7; LGGAN)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from semsynth.ops.casting import cast_all
from semsynth.ops.class_products import ByBlock, ByClass, split_by_block, split_by_class
from semsynth.ops.first_order import first_order_only

ROWS = 128
"""Rows of a block: many, as each block has its kernels gathered, and few, as up to ROWS - 1 of a class have no pixel.

A row's neighbours are 9C numbers, and a block's kernels 9C * C: at C = 64 they are half as many as its neighbours.
"""
GATHERED_BY_CLASS, GATHERED_BY_BLOCK = 4096, 65536
"""Rows whose 9 neighbours are gathered at a time: few enough for a processor's cache, or many for a GPU to start on.
Of larger kernels the fewer rows, so that as much is gathered."""


def class_specific_image(features: Tensor, label: Tensor, layers: Sequence[tuple[Tensor, Tensor]],
                         unknown: int | None = None) -> Tensor:
    """Class-specific image: the sum over the classes of each class's convolutions on its own pixels (ECGAN, eq. 7).

    The features are multiplied by a class's mask before each of its convolutions and after the last. Each pixel is in
    one class's mask, so it is computed once, by the kernels of its class: pixels are sorted by class, and each
    convolution is the matrix product of a class's kernels with those neighbours of its pixels that are of the same
    class. Time grows with the number of pixels. So does memory, which is a few times that of the features, besides the
    kernels' gradient.

    On a CPU there is a product for each class that occurs. On a GPU, and where it is compiled, rows are in blocks of
    one class each, a class's last block filled up with rows without a pixel, and a batched product takes all blocks: no
    shape and no launch depends on the label map, and nothing waits for the device.

    Args:
        features: ``(B, C, H, W)``.
        label: class of each pixel, ``(B, H, W)`` long, ``0..N-1``.
        layers: weights ``(N, out, in, k, k)`` and biases ``(N, out)`` of the convolutions, the first from C channels
            and all of one odd size k. After the last there is tanh, after the others ReLU. ECGAN has three: C to C, C
            to C and C to 3. Weights that lie in memory as ``ClassConvolution`` has them are read without a copy.
        unknown: the class whose pixels stay 0, or None.

    Returns:
        ``(B, out, H, W)`` in ``[-1, 1]``, ``out`` of the last convolution, 0 on unknown pixels, float32 at least. Under
        autocast, products are in its precision.
    """
    batch, channels, height, width = features.shape
    device = features.device.type
    if torch.is_autocast_enabled(device):
        features = features.to(torch.get_autocast_dtype(device))
    in_blocks = _in_blocks(features)
    rows = _sort(label, len(layers[0][0]), ROWS if in_blocks else 1, layers[0][0].shape[-1])
    counts = None if in_blocks else rows.counts.tolist()
    x = _Move.apply(features.movedim(1, -1).reshape(-1, channels), rows.pixels, rows.places)
    narrow = iter(cast_all([tensor.detach() for tensors in layers for tensor in tensors], x.dtype))
    for number, (weight, bias) in enumerate(layers, 1):
        x = _Convolution.apply(x, weight, bias, next(narrow), next(narrow), rows.neighbours, rows.classes, counts)
        x = _activate(x, number == len(layers))
    image = _Move.apply(x, rows.places, rows.pixels).view(batch, height, width, -1).movedim(-1, 1)
    return image if unknown is None else image.masked_fill((label == unknown).unsqueeze(1), 0)


def masked_class_specific_image(features: Tensor, label: Tensor, layers: Sequence[tuple[Tensor, Tensor]],
                                unknown: int | None = None) -> Tensor:
    """``class_specific_image`` as eq. 7 is printed: every class's convolutions over the whole image, masked.

    Time and memory grow with the number of classes, but no shape depends on the label map, as exporters need it.
    """
    image = torch.zeros(())
    for number in range(len(layers[0][0])):
        mask = ((label == number) & (label != (-1 if unknown is None else unknown))).unsqueeze(1)
        x = features
        for layer, (weight, bias) in enumerate(layers, 1):
            x = F.conv2d(x * mask, weight[number], bias[number], padding=weight.shape[-1] // 2)
            x = _activate(x, layer == len(layers))
        image = image + x * mask
    return image


class _Rows(NamedTuple):
    """P = B * H * W pixels in R rows, sorted by class. Rows of a class without a pixel follow its others.

    pixels: pixel in each row, ``(R,)``; P where there is none. places: row of each pixel, ``(P,)``. neighbours: rows of
    the pixel's k x k neighbours, int32 ``(R, k * k)``; R where there is no neighbour, or one of another class. classes:
    class of each block of rows. counts: pixels of each class, ``(N,)``.
    """

    pixels: Tensor
    places: Tensor
    neighbours: Tensor
    classes: Tensor
    counts: Tensor


class _Move(torch.autograd.Function):
    """Rows ``(n, C)`` at their new places: ``there`` has the old one, or n for a row of zeros; ``back`` the inverse."""

    @staticmethod
    def forward(ctx, x: Tensor, there: Tensor, back: Tensor) -> Tensor:
        ctx.save_for_backward(there, back)
        return _with_zeros(x).index_select(0, there)

    @staticmethod
    def backward(ctx, upstream: Tensor) -> tuple[Tensor, None, None]:
        there, back = ctx.saved_tensors
        return _Move.apply(upstream, back, there), None, None


class _Convolution(torch.autograd.Function):
    """Every pixel's k x k convolution by the kernels of its class, over its neighbours of that class: rows to rows.

    ``narrow`` and ``biases`` are weight and bias in the precision of x, and get no gradient. ``counts`` is None where
    rows are in blocks; ``neighbours`` and ``classes`` are those of ``_Rows``.
    """

    @staticmethod
    def forward(ctx, x: Tensor, weight: Tensor, bias: Tensor, narrow: Tensor, biases: Tensor, neighbours: Tensor,
                classes: Tensor, counts: list[int] | None) -> Tensor:
        ctx.save_for_backward(x, weight, bias, narrow, neighbours, classes)
        ctx.counts = counts
        kernels = narrow.movedim(2, -1).flatten(2).mT
        out = x.new_empty(len(x), weight.shape[1])
        for group, near, own in _in_groups(x, neighbours, classes, counts, out):
            group.multiply(near, kernels, biases, own)
        return out

    @staticmethod
    def backward(ctx, upstream: Tensor) -> tuple[Tensor | None, ...]:
        x, weight, bias, narrow, neighbours, classes = ctx.saved_tensors
        with torch.no_grad():
            gradients = _gradients(x, weight, bias, narrow, neighbours, classes, ctx.counts, upstream.contiguous())
        return *(first_order_only(each, x, weight, bias, upstream) for each in gradients), None, None, None, None, None


def _gradients(x: Tensor, weight: Tensor, bias: Tensor, narrow: Tensor, neighbours: Tensor, classes: Tensor,
               counts: list[int] | None, upstream: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Those of the features, of the weights and of the biases of a ``_Convolution``."""
    # what is a pixel's first neighbour has that pixel for its last: backward gathers too, nothing is scattered
    kernels = narrow.movedim(2, -1).flatten(2, 3).transpose(1, 2)
    x_gradient = torch.empty_like(x)
    for group, near, own in _in_groups(upstream, neighbours.flip(1), classes, counts, x_gradient):
        group.multiply(near, kernels, None, own)

    # gathered anew: kept from the forward pass, the neighbours would take k * k times the memory of the features
    weight_gradient = weight.new_zeros(*weight.shape[:2], weight[0, 0].numel())
    for group, near, own in _in_groups(x, neighbours, classes, counts, upstream):
        group.add_products(weight_gradient, own, near)
    sums = upstream.to(bias.dtype) if counts is not None else (
        upstream.view(len(classes), -1, upstream.shape[1]).sum(1, dtype=bias.dtype))
    bias_gradient = torch.zeros_like(bias).index_add_(0, classes, sums)
    return x_gradient, weight_gradient.unflatten(2, (*weight.shape[3:], -1)).movedim(-1, 2), bias_gradient


def _in_groups(x: Tensor, neighbours: Tensor, classes: Tensor, counts: list[int] | None,
               other: Tensor) -> Iterator[tuple[ByBlock | ByClass, Tensor, Tensor]]:
    """For each group of rows: the group, its pixels' neighbours in x, ``(n, k * k * C)``, and its rows of another."""
    most = max(1, (GATHERED_BY_BLOCK if counts is None else GATHERED_BY_CLASS) * 9 // max(9, neighbours.shape[1]))
    groups: Sequence[ByBlock | ByClass] = (split_by_block(classes, len(x) // len(classes), most)
                                           if counts is None else split_by_class(counts, most))
    lengths = [group.rows for group in groups]
    padded = _with_zeros(x)
    for group, places, rows in zip(groups, neighbours.split(lengths), other.split(lengths), strict=True):
        yield group, padded.index_select(0, places.flatten()).view(len(places), -1), rows


def _sort(label: Tensor, num_classes: int, length: int, size: int) -> _Rows:
    """The rows, in blocks of a length, in as many blocks as there may have to be, for kernels of a size."""
    pixels = label.numel()
    ranked, order = label.flatten().sort(stable=True)
    numbers = torch.arange(num_classes, device=label.device)
    starts = torch.searchsorted(ranked, numbers)  # bincount waits for a GPU
    counts = torch.searchsorted(ranked, numbers, right=True) - starts
    blocks = (counts + length - 1) // length
    ends = blocks.cumsum(0)
    row = torch.arange(pixels, device=label.device) + ((ends - blocks) * length - starts)[ranked]
    most = (pixels + min(num_classes, pixels) * (length - 1)) // length
    nothing = most * length
    places = torch.empty_like(order).scatter_(0, order, row)
    in_row = torch.full((nothing,), pixels, device=label.device).scatter_(0, row, order)
    classes = torch.searchsorted(ends, torch.arange(most, device=label.device), right=True).clamp(max=num_classes - 1)

    labels, rows = label.int(), places.view_as(label).int()  # half as much to move
    found = torch.where(_windows(labels, size) == labels.unsqueeze(3), _windows(rows, size), nothing).flatten(0, 2)
    neighbours = F.pad(found, (0, 0, 0, 1), value=nothing).index_select(0, in_row)
    return _Rows(in_row, places, neighbours, classes, counts)


def _windows(numbers: Tensor, size: int) -> Tensor:
    """Each pixel's neighbours and itself, row by row, ``(B, H, W, size * size)``; -1 beyond the border."""
    height, width = numbers.shape[1:]
    padded = F.pad(numbers, (size // 2,) * 4, value=-1)
    return torch.stack([padded[:, y:y + height, x:x + width] for y in range(size) for x in range(size)], dim=3)


def _with_zeros(x: Tensor) -> Tensor:
    """The rows, and one of zeros behind them."""
    return F.pad(x, (0, 0, 0, 1))


def _in_blocks(features: Tensor) -> bool:
    return features.device.type != 'cpu' or torch.compiler.is_compiling()


def _activate(x: Tensor, last: bool) -> Tensor:
    return torch.tanh(x.to(torch.promote_types(x.dtype, torch.float32))) if last else F.relu(x)

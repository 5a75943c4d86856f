"""Class-specific pixel generation: every class has convolutions of its own (ECGAN, 3.3, eq. 7)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from semsynth.ops.first_order import first_order_only

BLOCK = dict(cpu=4096, cuda=65536)
"""Pixels whose neighbours are gathered at a time: few enough for a processor's cache, or many for a GPU to start on."""


def class_specific_image(features: Tensor, label: Tensor, layers: Sequence[tuple[Tensor, Tensor]],
                         unknown: int | None = None) -> Tensor:
    """Class-specific image: the sum over the classes of each class's convolutions on its own pixels (ECGAN, eq. 7).

    The features are multiplied by a class's mask before each of its convolutions and after the last. Each pixel is in
    one class's mask, so it is computed once, by the kernels of its class: pixels are sorted by class, and each
    convolution is, for every class that occurs, one matrix product of its kernels with those neighbours of its pixels
    that are of the same class. Time grows with the number of pixels. So does memory, which is a few times that of the
    features, besides the kernels' gradient. The number of pixels in each class is read on the host, once.

    Args:
        features: ``(B, C, H, W)``.
        label: class of each pixel, ``(B, H, W)`` long, ``0..N-1``.
        layers: weights ``(N, out, in, 3, 3)`` and biases ``(N, out)`` of three convolutions, C to C with ReLU, C to C
            with ReLU, C to 3 with tanh. Weights that lie in memory as ``ClassConvolution`` has them are read
            without a copy.
        unknown: the class whose pixels stay 0, or None.

    Returns:
        ``(B, 3, H, W)`` in ``[-1, 1]``, 0 on unknown pixels, float32 at least. Under autocast, products are in its
        precision.
    """
    batch, channels, height, width = features.shape
    device = features.device.type
    if torch.is_autocast_enabled(device):
        features = features.to(torch.get_autocast_dtype(device))
    rows, order, place = _sort(label, num_classes=len(layers[0][0]))
    x = features.movedim(1, -1).reshape(-1, channels)[order]
    for (weight, bias), activate in zip(layers, _ACTIVATIONS, strict=True):
        x = activate(_Convolution.apply(x, weight, bias, rows))
    image = x[place].view(batch, height, width, 3).movedim(-1, 1)
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
        for (weight, bias), activate in zip(layers, _ACTIVATIONS, strict=True):
            x = activate(F.conv2d(x * mask, weight[number], bias[number], padding=1))
        image = image + x * mask
    return image


class _Rows(NamedTuple):
    """P = B * H * W pixels in the order of their classes.

    label: class of each, ``(P,)``. neighbours: places of their 3x3 neighbours in that order, ``(P, 9)``; P where there
    is no neighbour, or one of another class. blocks: for each block of rows, its classes and the rows of each.
    """

    label: Tensor
    neighbours: Tensor
    blocks: list[tuple[list[int], list[int]]]


class _Convolution(torch.autograd.Function):
    """Every pixel's 3x3 convolution by the kernels of its class, over the neighbours of its class: rows to rows."""

    @staticmethod
    def forward(ctx, x: Tensor, weight: Tensor, bias: Tensor, rows: _Rows) -> Tensor:
        ctx.save_for_backward(x, weight, bias)
        ctx.rows = rows
        kernels = weight.to(x.dtype).movedim(2, -1).flatten(2).mT.unbind()
        biases = bias.to(x.dtype).unbind()
        out = x.new_empty(len(x), weight.shape[1])
        for number, near, own in _by_class(x, rows.neighbours, rows.blocks, out):
            torch.addmm(biases[number], near, kernels[number], out=own)
        return out

    @staticmethod
    def backward(ctx, upstream: Tensor) -> tuple[Tensor | None, ...]:
        x, weight, bias = ctx.saved_tensors
        with torch.no_grad():
            gradients = _gradients(x, weight, bias, ctx.rows, upstream.contiguous())
        return *(first_order_only(gradient, x, weight, bias, upstream) for gradient in gradients), None


def _gradients(x: Tensor, weight: Tensor, bias: Tensor, rows: _Rows,
               upstream: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Those of the features, of the weights and of the biases of a ``_Convolution``."""
    # what is a pixel's k-th neighbour has that pixel for its (8 - k)-th: backward gathers too, nothing is scattered
    kernels = weight.to(x.dtype).movedim(2, -1).flatten(2, 3).transpose(1, 2).unbind()
    x_gradient = torch.empty_like(x)
    for number, near, own in _by_class(upstream, rows.neighbours.flip(1), rows.blocks, x_gradient):
        torch.mm(near, kernels[number].flatten(0, 1), out=own)

    # gathered anew: kept from the forward pass, the neighbours would take 9 times the memory of the features
    weight_gradient = weight.new_zeros(*weight.shape[:2], 9 * weight.shape[2])
    sums = weight_gradient.unbind()
    for number, near, own in _by_class(x, rows.neighbours, rows.blocks, upstream):
        if weight.dtype == x.dtype:
            sums[number].addmm_(own.mT, near)
        else:
            sums[number].add_(own.mT @ near)
    bias_gradient = torch.zeros_like(bias).index_add_(0, rows.label, upstream.to(bias.dtype))
    return x_gradient, weight_gradient.unflatten(2, (3, 3, -1)).movedim(-1, 2), bias_gradient


def _by_class(x: Tensor, neighbours: Tensor, blocks: list[tuple[list[int], list[int]]],
              other: Tensor) -> Iterator[tuple[int, Tensor, Tensor]]:
    """For each class in each block: its number, its pixels' neighbours in x, ``(n, 9C)``, and their rows of another."""
    padded = F.pad(x, (0, 0, 0, 1))
    lengths = [sum(sizes) for _, sizes in blocks]
    for (numbers, sizes), places, rows in zip(blocks, neighbours.split(lengths), other.split(lengths), strict=True):
        near = padded.index_select(0, places.flatten()).view(len(places), -1)
        yield from zip(numbers, near.split(sizes), rows.split(sizes), strict=True)


def _sort(label: Tensor, num_classes: int) -> tuple[_Rows, Tensor, Tensor]:
    """The rows, the pixel in each row, ``(P,)``, and the row of each pixel, ``(P,)``."""
    flat, pixels, (height, width) = label.flatten(), label.numel(), label.shape[1:]
    order = flat.argsort(stable=True)
    place = torch.empty_like(order)
    place[order] = torch.arange(pixels, device=label.device)
    labels = F.pad(label, (1, 1, 1, 1), value=-1)
    places = F.pad(place.view_as(label), (1, 1, 1, 1))
    windows = [(slice(None), slice(y, y + height), slice(x, x + width)) for y in range(3) for x in range(3)]
    found = [torch.where(labels[window] == label, places[window], pixels) for window in windows]
    neighbours = torch.stack(found, dim=-1).view(-1, 9)[order]
    ranked = flat[order]
    ends = torch.searchsorted(ranked, torch.arange(num_classes + 1, device=label.device))  # bincount waits for a GPU
    blocks = _blocks(ends.diff().tolist(), BLOCK.get(label.device.type, BLOCK['cpu']))
    return _Rows(ranked, neighbours, blocks), order, place


def _blocks(counts: Sequence[int], length: int) -> list[tuple[list[int], list[int]]]:
    blocks: list[tuple[list[int], list[int]]] = []
    room = 0
    for number, count in enumerate(counts):
        while count:
            if not room:
                blocks.append(([], []))
                room = length
            taken = min(count, room)
            blocks[-1][0].append(number)
            blocks[-1][1].append(taken)
            count, room = count - taken, room - taken
    return blocks


def _tanh(x: Tensor) -> Tensor:
    return torch.tanh(x.to(torch.promote_types(x.dtype, torch.float32)))


_ACTIVATIONS: tuple[Callable[[Tensor], Tensor], ...] = (F.relu, F.relu, _tanh)

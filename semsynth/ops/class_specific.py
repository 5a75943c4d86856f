"""Class-specific pixel generation: every class painted by its own convolutions (ECGAN, 3.3, eq. 7)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor


def class_specific_image(features: Tensor, label: Tensor, weights: Sequence[Sequence[Tensor]],
                         unknown: int | None = None) -> Tensor:
    """The sum over classes of what each class's own convolutions make of its own pixels (ECGAN, eq. 7).

    A class's mask counts before each convolution and after the last, so that nothing crosses from one class to
    another. Each pixel is in one class's mask, so each is computed once, by its class's kernels, whatever the number of
    classes: pixels are put in the order of their classes, and each convolution gathers, for every pixel, those of its
    neighbours that are of its class. Memory is 9 times that of the features for each of the three convolutions. The
    number of pixels in each class is read on the host, once.

    Args:
        features: ``(B, C, H, W)``.
        label: class of each pixel, ``(B, H, W)`` long, ``0..N-1``.
        weights: for each of the N classes weight and bias of three 3x3 convolutions, C to C with ReLU, C to C with
            ReLU, C to 3 with tanh: ``(weight, bias, weight, bias, weight, bias)``.
        unknown: the class that is not painted, or None.

    Returns:
        ``(B, 3, H, W)`` in ``[-1, 1]``, 0 on unknown pixels, float32 at least.
    """
    batch, channels, height, width = features.shape
    order = label.flatten().argsort(stable=True)
    counts = torch.bincount(label.flatten(), minlength=len(weights)).tolist()
    neighbours, place = _neighbours(label, order)
    x = features.movedim(1, -1).reshape(-1, channels)[order]
    for layer, activate in ((0, F.relu), (2, F.relu), (4, _tanh)):
        kernels = [own[layer].movedim(1, -1).flatten(1) for own in weights]
        rows = _Gather.apply(x, neighbours).flatten(1).split(counts)
        x = activate(torch.cat([F.linear(own_rows, kernel, own[layer + 1])
                                for own_rows, kernel, own in zip(rows, kernels, weights, strict=True)]))
    image = x[place].view(batch, height, width, 3).movedim(-1, 1)
    return image if unknown is None else image.masked_fill((label == unknown).unsqueeze(1), 0)


class _Gather(torch.autograd.Function):
    """Each pixel's 3x3 neighbours, zeros where it has none: ``(P, C)`` and ``(P, 9)`` to ``(P, 9, C)``.

    What is a pixel's k-th neighbour has that pixel for its (8 - k)-th: backward gathers too, where indexing would
    scatter, slowly on a CPU and in no fixed order on a GPU.
    """

    @staticmethod
    def forward(ctx, x: Tensor, neighbours: Tensor) -> Tensor:
        ctx.save_for_backward(neighbours)
        return F.embedding(neighbours, F.pad(x, (0, 0, 0, 1)))

    @staticmethod
    def backward(ctx, upstream: Tensor) -> tuple[Tensor, None]:
        (neighbours,) = ctx.saved_tensors
        taps = torch.arange(9, device=neighbours.device)
        rows = F.pad(upstream, (0, 0, 0, 0, 0, 1)).flatten(0, 1)
        return F.embedding(neighbours.flip(1) * 9 + taps, rows).sum(1), None


def _neighbours(label: Tensor, order: Tensor) -> tuple[Tensor, Tensor]:
    """Where the 3x3 neighbours of each pixel stand in the order, ``(P, 9)`` in that order; and where each pixel itself
    does, ``(P,)``. P = B * H * W stands for a neighbour of another class, or none."""
    pixels, (height, width) = order.numel(), label.shape[1:]
    place = torch.empty_like(order)
    place[order] = torch.arange(pixels, device=order.device)
    labels = F.pad(label, (1, 1, 1, 1), value=-1)
    places = F.pad(place.view_as(label), (1, 1, 1, 1))
    windows = [(slice(None), slice(y, y + height), slice(x, x + width)) for y in range(3) for x in range(3)]
    found = [torch.where(labels[window] == label, places[window], pixels) for window in windows]
    return torch.stack(found, dim=-1).view(-1, 9)[order], place


def _tanh(x: Tensor) -> Tensor:
    return torch.tanh(x.to(torch.promote_types(x.dtype, torch.float32)))

"""Which pixels a loss over pairs of pixels looks at."""

from __future__ import annotations

import torch
from torch import Tensor

NO_PIXEL = -1
"""Stands where there is no pixel."""


def sample_pixels(label: Tensor, num_classes: int, unknown: int | None, max_per_class: int, max_pixels: int,
                  chances: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """Draw as many random pixels of every class as there are, within two bounds; no class is favoured.

    Args:
        label: any shape, ``0..num_classes-1``.
        num_classes: number of classes, the unknown one included.
        unknown: the class that is never drawn, or None.
        max_per_class: most pixels of one class.
        max_pixels: most pixels in all; where it bounds, every class gives the same number, or all that it has.
        chances: as label, positive: each next pixel of a class is one of those left, with a probability in proportion
            to this (an exponential race: Efraimidis and Spirakis, 2006); by default all are alike.

    Returns:
        Indices into the flattened label and the class of each, ``(S,)`` long, where S depends on the sizes alone (so
        that no device waits for a count): first one pixel of every class, then a second, and so on; places that no
        pixel fills have class -1.

    Examples:
        >>> import torch
        >>> from semsynth.losses import sample_pixels
        >>> label = torch.tensor([[[0, 0, 0, 0], [0, 0, 0, 1]]])
        >>> pixels, classes = sample_pixels(label, num_classes=2, unknown=None, max_per_class=2, max_pixels=4)
        >>> sorted(classes.tolist())  # two of class 0, the one of class 1, and an empty place
        [-1, 0, 0, 1]
    """
    label = label.flatten()
    if chances is None:
        shuffled = torch.randperm(len(label), device=label.device)
    else:
        arrival = torch.empty_like(chances).exponential_() / chances
        shuffled = arrival.flatten().argsort()
    by_class, order = label[shuffled].sort(stable=True)
    rank = torch.arange(len(label), device=label.device) - torch.searchsorted(by_class, by_class)
    eligible = rank < max_per_class
    if unknown is not None:
        eligible &= by_class != unknown
    # First the first pixel of every class, then the second of every class, ...: ranks go before classes. Which class is
    # first is drawn, too: where there is no room for all, it would always be the same ones that are left out.
    first = torch.randperm(num_classes, device=label.device)
    turn = torch.where(eligible, rank * num_classes + first[by_class], len(label) * num_classes)
    places = min(len(label), max_pixels, max_per_class * num_classes)
    chosen = turn.topk(places, largest=False).indices
    return shuffled[order[chosen]], torch.where(eligible[chosen], by_class[chosen], NO_PIXEL)

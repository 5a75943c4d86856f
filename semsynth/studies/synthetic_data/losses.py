"""What a judge thinks of synthesised pixels: its loss by class, which pixels to ignore, and which maps are hard."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from semsynth.label_spaces import NO_CLASS
from semsynth.segmentors import Segmentor

MARGIN = 1.25
"""Over the mean loss of its class, from which a pixel is ignored by default (FreeMask)."""


@dataclass
class Tally:
    """Loss of a judge on images, by class.

    Args:
        pixels: of each of its classes, ``(N,)`` int64.
        losses: their sum, ``(N,)`` float64.
    """

    pixels: np.ndarray
    losses: np.ndarray

    @classmethod
    def none(cls) -> Tally:
        """Of no image, to which others are added."""
        return cls(np.zeros(1, np.int64), np.zeros(1))

    def __add__(self, other: Tally) -> Tally:
        return Tally(self.pixels + other.pixels, self.losses + other.losses)

    @property
    def means(self) -> np.ndarray:
        """Mean loss of each class, 0 where there is no pixel of it."""
        return self.losses / np.maximum(self.pixels, 1)


class PixelLosses(NamedTuple):
    """What a judge finds in images, or in one, on its device.

    Args:
        losses: of each pixel, ``(..., H, W)`` float32; 0 where the judge has no such class.
        classes: of the label map, in the judge's numbers, ``(..., H, W)`` long; 255 for none.
        agrees: whether the judge would itself say that class, ``(..., H, W)`` boolean.
    """

    losses: Tensor
    classes: Tensor
    agrees: Tensor


@torch.no_grad()
def pixel_losses(judge: Segmentor, images: Tensor, labels: Tensor) -> PixelLosses:
    """Cross-entropy of each pixel by a judge: minus the logarithm of what it gives the label's class.

    Args:
        judge: on any device.
        images: ``(B, 3, H, W)`` uint8 RGB.
        labels: indices of the layout, ``(B, H, W)``.
    """
    device = judge.table.device
    classes = judge.to_classes(labels).to(device)
    probabilities = judge(images.to(device).float() / 127.5 - 1)
    has_class = classes != NO_CLASS
    own = probabilities.gather(1, classes.where(has_class, 0)[:, None])[:, 0]
    losses = -own.clamp(min=torch.finfo(torch.float32).tiny).log()
    return PixelLosses(losses.where(has_class, 0.0), classes, probabilities.argmax(1) == classes)


def tally(losses: Tensor, classes: Tensor, num_classes: int) -> Tally:
    """Pixels and losses of each class of one image, ``(H, W)`` each as of ``PixelLosses``."""
    has_class = classes != NO_CLASS
    classes, losses = classes[has_class], losses[has_class].double()
    return Tally(count_pixels(classes, num_classes),
                 torch.bincount(classes, losses, minlength=num_classes).cpu().numpy())


def count_pixels(classes: Tensor, num_classes: int) -> np.ndarray:
    """How many pixels there are of each class, ``(N,)`` int64, of classes ``(P,)`` without 255."""
    return torch.bincount(classes, minlength=num_classes).cpu().numpy()


def ignored(losses: Tensor, classes: Tensor, means: np.ndarray, margin: float) -> Tensor:
    """Whether a pixel's loss is more than ``margin`` times its class's mean, boolean like ``losses``; never where the
    judge has no such class."""
    limits = torch.from_numpy(np.append(margin * means, np.inf)).to(losses.device)
    return losses.double() > limits[classes.where(classes != NO_CLASS, len(means))]


def hardness(pixels: np.ndarray, means: np.ndarray) -> float:
    """How hard a label map is: the mean over its pixels of their classes' mean losses.

    It is of the classes in the map, not of how well one image of it came out.

    Args:
        pixels: of each class in the map.
        means: loss of each class.
    """
    return float(pixels @ means / max(pixels.sum(), 1))


def images_per_map(hard: Sequence[float], mean: int) -> list[int]:
    """How many images to make of each map: from 1 of the easiest to ``2 * mean - 1`` of the hardest, by rank.

    Their sum is ``mean`` times the number of maps. Of equally hard maps the first counts as the harder.
    """
    last = len(hard) - 1
    if not last:
        return [mean]
    numbers = [0] * len(hard)
    for rank, place in enumerate(sorted(range(len(hard)), key=lambda place: (hard[place], -place))):
        numbers[place] = 1 + round(2 * (mean - 1) * rank / last)
    return numbers

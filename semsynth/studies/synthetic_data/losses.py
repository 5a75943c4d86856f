"""What a judge thinks of synthesised pixels: its loss by class, which pixels to ignore, and which maps are hard."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from semsynth.label_spaces import NO_CLASS
from semsynth.segmentors import Segmentor


@dataclass
class Tally:
    """Loss of a judge on images, by class.

    Args:
        pixels: of each of its classes, ``(N,)`` int64.
        losses: their sum, ``(N,)`` float64.
    """

    pixels: np.ndarray
    losses: np.ndarray

    def __add__(self, other: Tally) -> Tally:
        return Tally(self.pixels + other.pixels, self.losses + other.losses)

    @property
    def means(self) -> np.ndarray:
        """Mean loss of each class, 0 where there is no pixel of it."""
        return self.losses / np.maximum(self.pixels, 1)


@torch.no_grad()
def pixel_losses(judge: Segmentor, images: Tensor, labels: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Cross-entropy of each pixel by a judge: minus the logarithm of what it gives the label's class.

    Args:
        judge: on any device.
        images: ``(B, 3, H, W)`` uint8 RGB.
        labels: indices of the layout, ``(B, H, W)``.

    Returns:
        Losses, ``(B, H, W)`` float32, 0 where the judge has no such class; the judge's classes, ``(B, H, W)`` long,
        255 for none; and whether it would itself say that class, ``(B, H, W)`` boolean. On the judge's device.
    """
    device = judge.table.device
    classes = judge.to_classes(labels).to(device)
    probabilities = judge(images.to(device).float() / 127.5 - 1)
    has_class = classes != NO_CLASS
    own = probabilities.gather(1, classes.where(has_class, 0)[:, None])[:, 0]
    losses = -own.clamp(min=torch.finfo(torch.float32).tiny).log()
    return losses.where(has_class, 0.0), classes, probabilities.argmax(1) == classes


def tally(losses: Tensor, classes: Tensor, num_classes: int) -> Tally:
    """Pixels and losses of each class of one image, of what ``pixel_losses`` returns ``(H, W)``."""
    known = classes != NO_CLASS
    kinds = classes[known]
    return Tally(count(kinds, num_classes),
                 torch.bincount(kinds, losses[known].double(), minlength=num_classes).cpu().numpy())


def count(kinds: Tensor, num_classes: int) -> np.ndarray:
    """How many pixels there are of each class."""
    return torch.bincount(kinds, minlength=num_classes).cpu().numpy()


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
    count = len(hard)
    if count == 1:
        return [mean]
    numbers = [0] * count
    for rank, place in enumerate(sorted(range(count), key=lambda place: (hard[place], -place))):
        numbers[place] = 1 + round(2 * (mean - 1) * rank / (count - 1))
    return numbers

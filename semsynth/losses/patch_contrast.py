"""Patch contrast: a synthesised image resembles the real one most at the same place (Park et al. 2020; DP-SIMS)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor

from semsynth.errors import counted
from semsynth.losses.base import Loss, full_precision, mean, scale, total
from semsynth.registry import LOSSES

if TYPE_CHECKING:
    from semsynth.losses.step import Step


@full_precision
def patch_contrast(fake: Tensor, real: Tensor, temperature: float = 0.07) -> Tensor:
    """Cross-entropy with which each place of a synthesised image finds the same place of the real one (InfoNCE).

    Features are compared by their cosine. The other places of the same image are what it is told apart from. No
    gradient flows to the real features.

    Args:
        fake: features of the synthesised images at P places, ``(B, C, P)``.
        real: those of the real images at the same places.
        temperature: that the cosines are divided by.

    Returns:
        A scalar, at least float32: the mean over places and images.

    Examples:
        >>> import torch
        >>> from semsynth.losses import patch_contrast
        >>> features = torch.eye(2).unsqueeze(0)  # two places, unlike each other
        >>> round(patch_contrast(features, features, temperature=1).item(), 4)  # log(1 + exp(-1))
        0.3133
    """
    fake, real = F.normalize(fake, dim=1), F.normalize(real.detach(), dim=1)
    alike = torch.bmm(fake.mT, real) / temperature
    places = torch.arange(alike.shape[2], device=alike.device)
    return F.cross_entropy(alike.flatten(0, 1), places.repeat(len(alike)))


def draw_places(images: int, pixels: int, places: int, device: torch.device) -> Tensor:
    """Indices of different pixels, ``(images, min(places, pixels))`` long, drawn for each image by itself."""
    if places >= pixels:
        return torch.arange(pixels, device=device).expand(images, -1)
    return torch.rand(images, pixels, device=device).argsort(1)[:, :places]


@LOSSES.register_module()
class PatchContrastLoss(Loss):
    """The discriminator's features of a view, place by place, are to be most like those of the real image there.

    It reads feature maps of the discriminator's first list (``BackboneDiscriminator``: the frozen network's features,
    finest first). ``step.draws['places']``, where given, are the places: one tensor a level, as of ``draw_places``;
    they are the same for all views.

    Args:
        weight: factor of the whole term.
        views: weight of each view that it is for; by default the model's views with their weights.
        levels: which of the feature maps it reads, counted from 0; None for all.
        places: number of places of each image and level that are compared with one another, or all where there are
            no more.
        temperature: that cosines are divided by (Park et al.: 0.07).

    Raises:
        ValueError: fewer than 2 places, or no level; in a step, a level that the discriminator does not have.
    """

    reads = frozenset({'features'})

    def __init__(self, weight: float = 1.0, views: dict[str, float] | None = None, levels: Sequence[int] | None = None,
                 places: int = 128, temperature: float = 0.07):
        super().__init__(weight, views)
        if places < 2:
            raise ValueError(f'PatchContrastLoss: places={places}, expected 2 or more, which are told apart.')
        if levels is not None and not levels:
            raise ValueError(f'PatchContrastLoss: levels={levels}, expected numbers of feature maps, or None for all.')
        self.levels = None if levels is None else tuple(levels)
        self.places, self.temperature = places, temperature

    def for_generator(self, step: Step) -> Tensor:
        """The sum over the views of the mean over the levels."""
        return total(scale(weight, self._contrast(step, step.fake_verdicts[view][0][:-1], step.real_features[real][0]))
                     for view, real, weight in self.over_views(step))

    def _contrast(self, step: Step, fakes: list[Tensor], reals: list[Tensor]) -> Tensor:
        levels = range(len(fakes)) if self.levels is None else self.levels
        if max(levels) >= len(fakes):
            raise ValueError(f'PatchContrastLoss: levels={self.levels}, but the discriminator has '
                             f'{counted(len(fakes), "feature map")}, counted from 0: name some of them, or None for '
                             'all.')
        chosen = [(fakes[level].flatten(2), reals[level].flatten(2)) for level in levels]
        drawn = step.drawn('places', lambda: step.once((self, 'places'), lambda: [
            draw_places(len(fake), fake.shape[2], self.places, fake.device) for fake, _ in chosen]))
        return mean(patch_contrast(_at(fake, places), _at(real, places), self.temperature)
                    for (fake, real), places in zip(chosen, drawn, strict=True))


def _at(features: Tensor, places: Tensor) -> Tensor:
    return features.gather(2, places.unsqueeze(1).expand(-1, features.shape[1], -1))

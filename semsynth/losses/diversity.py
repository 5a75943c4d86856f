"""Diversity: two latents are to give two images (DP-SIMS)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from semsynth.losses.base import Loss, full_precision, scale, total
from semsynth.registry import LOSSES

if TYPE_CHECKING:
    from semsynth.losses.step import Step
    from semsynth.parts import Parts, View


@full_precision
def diversity_loss(first: Tensor, second: Tensor, margin: float) -> Tensor:
    """By how much two images of a layout are less than ``margin`` apart: ``relu(margin - mean |first - second|)``.

    Args:
        first: ``(B, 3, H, W)``; the gradient flows to both.
        second: images of the same layouts, of other latents.
        margin: of the mean absolute difference.

    Returns:
        A scalar, at least float32: the mean over the images.

    Examples:
        >>> import torch
        >>> from semsynth.losses import diversity_loss
        >>> image = torch.zeros(1, 3, 4, 4)
        >>> diversity_loss(image, image + 0.5, margin=0.75).item()
        0.25
    """
    return torch.relu(margin - (first - second).abs().flatten(1).mean(1)).mean()


@LOSSES.register_module()
class DiversityLoss(Loss):
    """Two images of a layout, synthesised from two latents, are to differ by a margin (as DP-SIMS is described).

    The generator synthesises once more, with latents from N(0, I), for the first images of the batch.
    ``step.draws['other_latent']``, where given, are these latents.

    Args:
        weight: factor of the whole term.
        views: weight of each view that it is for; by default the model's views that imitate the image, with their
            weights.
        margin: of the mean absolute difference of images in ``[-1, 1]``, beyond which nothing is asked.
        images: number of images of the batch that are synthesised once more; None for all. With batch norm it should be
            all: a few images have other statistics, and would differ by these.
    """

    reads = frozenset({'views', 'other_latents'})

    def __init__(self, weight: float = 1.0, views: dict[str, float] | None = None, margin: float = 0.1,
                 images: int | None = None):
        super().__init__(weight, views)
        self.margin, self.images, self.latent_dim = margin, images, 0

    def default_weight(self, view: View) -> float:
        """The view's own, where it imitates the image."""
        return view.weight if view.is_image else 0.0

    def attach(self, parts: Parts) -> None:
        """Note the length of latents."""
        self.latent_dim = parts.generator.latent_dim or 0

    def for_generator(self, step: Step) -> Tensor:
        """The sum over the views."""
        layout = step.layout.split(self.images)[0] if self.images else step.layout
        latent = step.drawn('other_latent', lambda: torch.randn(len(layout), self.latent_dim, device=layout.device))
        others = step.synthesize(layout.with_latent(latent))
        return total(scale(weight, diversity_loss(step.outputs[view][:len(layout)], others[view], self.margin))
                     for view, _, weight in self.over_views(step))

"""ECGAN's similarity loss (eq. 3) on the label generator's probabilities."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import Tensor

from semsynth.losses.base import Loss
from semsynth.ops import similarity_loss
from semsynth.registry import LOSSES

if TYPE_CHECKING:
    from semsynth.models.step import Step

NO_CLASS = 255
"""What a segmentor's ``to_classes`` gives where it has no class; such pixels are left out."""


def sample(values: Tensor, stride: int) -> Tensor:
    """Every stride-th pixel of ``(..., H, W)`` in both directions, from the middle of the first stride's span."""
    start = stride // 2
    return values[..., start::stride, start::stride]


@LOSSES.register_module()
class SimilarityLoss(Loss):
    """Do the views' pixels, as the label generator sees them, group into classes as the label map's? (ECGAN, eq. 3.)

    Exact over all pairs of an image's pixels, summed over the views; eq. 10 is ``views=dict(coarse=1, image=1)``.

    Args:
        stride: 1 takes every pixel, as the paper; s every s-th in both directions, of probabilities and labels alike,
            and still all pairs of those: 1 / s^4 of the cost.
        weight: factor of the whole term.
        views: weight of each view that it is for; by default the model's views with their weights. Label generators
            know photos: name the views that imitate one where the model has an edge view too.

    Raises:
        ValueError: the stride is less than 1; in training, it is larger than the images.
    """

    labels = reads_label_map = True

    def __init__(self, stride: int = 1, weight: float = 1.0, views: dict[str, float] | None = None):
        super().__init__(weight, views)
        if stride < 1:
            raise ValueError(f'SimilarityLoss: stride={stride}, expected 1 (every pixel) or more.')
        self.stride = stride

    @property
    def protocol(self) -> str:
        """Which pairs it reads, in words for logs and result files."""
        return 'all pairs of pixels' if self.stride == 1 else f'all pairs of the pixels at 1/{self.stride} of the size'

    def extra_repr(self) -> str:
        """What a printed model says of it."""
        return f'stride={self.stride}, weight={self.weight}: {self.protocol}'

    def for_generator(self, step: Step) -> Tensor:
        """The sum over the views."""
        if self.stride > min(step.target.shape[1:]):
            raise ValueError(f'SimilarityLoss: stride={self.stride} is larger than the images, '
                             f'{tuple(step.target.shape[1:])} (H, W); give it a smaller one.')
        target = sample(step.target, self.stride)
        return sum(weight * similarity_loss(sample(step.probabilities[view], self.stride), target, NO_CLASS)
                   for view, _, weight in self.over_views(step))

"""ECGAN's similarity loss (eq. 3) on the label generator's probabilities."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from torch import Tensor

from semsynth.label_spaces import NO_CLASS
from semsynth.losses.base import Loss
from semsynth.ops import sampled_similarity_loss, similarity_loss
from semsynth.ops.similarity import PRECISIONS
from semsynth.registry import LOSSES

if TYPE_CHECKING:
    from semsynth.heads.base import View
    from semsynth.losses.step import Step


def sample(values: Tensor, stride: int) -> Tensor:
    """Every stride-th pixel of ``(..., H, W)`` in both directions, from the middle of the first stride's span."""
    start = stride // 2
    return values[..., start::stride, start::stride]


@LOSSES.register_module()
class SimilarityLoss(Loss):
    """Do the views' pixels, as the label generator sees them, group into classes as the label map's? (ECGAN, eq. 3.)

    Exact over all pairs of an image's pixels unless partners are named, summed over the views.

    Args:
        stride: 1 takes every pixel, as the paper; s every s-th in both directions, of probabilities and labels alike,
            and still all pairs of those: 1 / s^4 of the cost.
        partners: None takes all pairs; m pairs each pixel with itself and m others, drawn anew at every step: an
            unbiased estimate for ``m / (H W)`` of the cost, whose variance
            :func:`semsynth.ops.sampled_similarity_loss` states.
        precision: 'float32', or on A100, H100, H200 and later 'tf32': fused kernels with its 10 bits of mantissa,
            meant to stay within 1e-3 of the loss (3e-3 where that is below 0.03, for a label generator that is nearly
            always right) and 1e-2 of its gradient's norm. They have run in Triton's interpreter, not yet on a GPU.
        weight: factor of the whole term.
        views: weight of each view that it is for; by default 1 for each view that imitates the image, whatever its
            weight in other losses: eq. 10, where this loss alone has no lambda at I''. Edge maps are left out, as
            label generators know photos.

    Raises:
        ValueError: the stride or the partners are less than 1, or there is no such precision; in training, the stride
            is larger than the images.
    """

    reads = frozenset({'probabilities', 'label_map'})

    def __init__(self, stride: int = 1, partners: int | None = None, precision: str = 'float32', weight: float = 1.0,
                 views: dict[str, float] | None = None):
        super().__init__(weight, views)
        if precision not in PRECISIONS:
            raise ValueError(f'SimilarityLoss: precision={precision!r}, expected one of {", ".join(PRECISIONS)}.')
        self.stride, self.partners, self.precision = stride, partners, precision

    @property
    def protocol(self) -> str:
        """Which pairs it reads, in words for logs and result files."""
        words = 'all pairs of pixels' if self.stride == 1 else f'all pairs of the pixels at 1/{self.stride} of the size'
        if self.partners is not None:
            words += f', estimated from each with {self.partners} others, drawn anew at every step'
        return words if self.precision == 'float32' else f'{words}; products in {self.precision} on a GPU'

    def default_weight(self, view: View) -> float:
        """1 where the view imitates the image (eq. 10)."""
        return float(view.is_image)

    def for_generator(self, step: Step) -> Tensor:
        """The sum over the views."""
        if self.stride > min(step.target.shape[1:]):
            raise ValueError(f'SimilarityLoss: stride={self.stride} is larger than the images, '
                             f'{tuple(step.target.shape[1:])} (H, W); give it a smaller one.')
        target = sample(step.target, self.stride)
        function = similarity_loss
        if self.partners is not None:
            function = partial(sampled_similarity_loss, partners=self.partners)
        return sum(weight * function(sample(step.probabilities[view], self.stride), target, ignore_index=NO_CLASS,
                                     precision=self.precision)
                   for view, _, weight in self.over_views(step))

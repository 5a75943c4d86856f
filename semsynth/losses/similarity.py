"""Similarity loss on the label generator's probabilities (ECGAN, eq. 3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import Tensor

from semsynth.label_spaces import NO_CLASS
from semsynth.layers.batches import join, part
from semsynth.losses.base import Loss, scale, total
from semsynth.ops import sampled_similarity_loss
from semsynth.ops.similarity import check_precision, has_reduced_products, similarity_losses
from semsynth.registry import LOSSES

if TYPE_CHECKING:
    from semsynth.losses.step import Step
    from semsynth.parts import View


def sample(values: Tensor, stride: int) -> Tensor:
    """Every stride-th pixel of ``(..., H, W)`` in both directions, from the middle of the first stride's span."""
    start = stride // 2
    return values[..., start::stride, start::stride]


@LOSSES.register_module()
class SimilarityLoss(Loss):
    """Cross-entropy between pairwise similarities of predicted and true labels (ECGAN, eq. 3).

    The label generator predicts the labels of each view. The loss is exact over all pairs of an image's pixels, unless
    partners are given, and summed over the views.

    Args:
        stride: 1 takes every pixel, as the paper; s every s-th in both directions, of probabilities and labels alike,
            and still all pairs of those, in 1 / s^4 of the time.
        partners: None takes all pairs; m pairs each pixel with itself and m others, drawn anew at every step: an
            unbiased estimate in ``m / (H W)`` of the time, whose variance
            ``semsynth.ops.sampled_similarity_loss`` states. ``step.draws['partners/VIEW']``, where given, are the
            random ``numbers`` that it takes.
        precision: of products on a GPU. 'float32' takes plain tiles. 'auto' takes fused kernels in TF32, with its 10
            bits of mantissa, where they fit: NVIDIA GPUs from A100 and RTX 3090 on, with Triton; elsewhere tiles. They
            stay within 1e-3 of the loss (3e-3 where that is below 0.03, for a label generator that is nearly always
            right) and 1e-2 of its gradient's norm. 'tf32' is an older name of 'auto'. The log says once which was
            taken.
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
        check_precision('SimilarityLoss', precision)
        self.stride, self.partners, self.precision = stride, partners, precision
        self.reduced = False  # until the first step tells its device

    @property
    def protocol(self) -> str:  # type: ignore[override]  # nobody sets it
        """Which pairs it reads, and from the first step on whether in TF32, in words for logs and result files."""
        words = 'all pairs of pixels' if self.stride == 1 else f'all pairs of the pixels at 1/{self.stride} of the size'
        if self.partners is not None:
            words += f', estimated from each with {self.partners} others, drawn anew at every step'
        return f'{words}; products in TF32' if self.reduced else words

    def default_weight(self, view: View) -> float:
        """1 where the view imitates the image (eq. 10)."""
        return float(view.is_image)

    def for_generator(self, step: Step) -> Tensor:
        """The sum over the views."""
        if self.stride > min(step.target.shape[1:]):
            raise ValueError(f'SimilarityLoss: stride={self.stride} is larger than the images, '
                             f'{tuple(step.target.shape[1:])} (H, W); give it a smaller one.')
        target = sample(step.target, self.stride)
        weights = {view: weight for view, _, weight in self.over_views(step)}
        probs = [sample(step.probabilities[view], self.stride) for view in weights]
        pixels = target[0].numel()
        compared = pixels if self.partners is None else min(self.partners + 1, pixels)
        self.reduced = has_reduced_products(probs[0], compared, self.precision)
        losses = self._of_views(probs, target) if self.partners is None else [
            sampled_similarity_loss(each, target, self.partners, NO_CLASS, self.precision,
                                    step.draws.get(f'partners/{view}'))
            for view, each in zip(weights, probs, strict=True)]
        return total(map(scale, weights.values(), losses))

    def _of_views(self, probs: list[Tensor], target: Tensor) -> list[Tensor]:
        """The loss of each view over all pairs, computed as one batch."""
        losses = similarity_losses(join(probs), target.repeat(len(probs), 1, 1), NO_CLASS, self.precision)
        return [each.mean() for each in part(losses, len(probs))]

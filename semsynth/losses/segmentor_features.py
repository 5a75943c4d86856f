"""L1 on the label generator's own features: a perceptual term that is cheap where there is a similarity loss."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from torch import Tensor

from semsynth.losses.frozen_features import FrozenFeatureLoss
from semsynth.registry import LOSSES

if TYPE_CHECKING:
    from semsynth.losses.step import Step
    from semsynth.parts import Segmentor


@LOSSES.register_module()
class SegmentorFeatureLoss(FrozenFeatureLoss):
    """L1 between the label generator's backbone features of each view and of the real image, averaged over levels.

    For two images it is ``feature_l1(segmentor.features(output), segmentor.features(target))``.

    Args:
        weight: factor of the whole term.
        views: weight of each view that it is for; by default the model's views that imitate the image, with their
            weights. Edge maps are left out, as label generators know photos.
    """

    reads = frozenset({'label_features'})

    def features(self, step: Step, images: Tensor) -> list[Tensor]:
        """The label generator's backbone features."""
        return cast('Segmentor', step.segmentor).features(images)

    def fake_features(self, step: Step, views: list[str]) -> list[list[Tensor]]:
        """The views' features, from the very pass that gives their probabilities."""
        return [step.label_features[view] for view in views]

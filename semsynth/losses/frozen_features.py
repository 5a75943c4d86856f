"""What losses on a frozen network's features share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from semsynth.losses.base import Loss
from semsynth.losses.pixel import l1

if TYPE_CHECKING:
    from semsynth.models.step import Step


class FrozenFeatureLoss(Loss):
    """L1 between a frozen network's features of each view and of the real image that it imitates.

    The views go through the network as one batch; a real image goes through it once a step, without a graph.
    """

    def features(self, step: Step, images: Tensor) -> list[Tensor]:
        """Feature maps ``(B, C_i, H_i, W_i)`` of images ``(B, 3, H, W)`` in ``[-1, 1]``, level by level."""
        raise NotImplementedError

    def weights_of(self, levels: int) -> Sequence[float]:
        """The weight of each level's mean absolute difference."""
        raise NotImplementedError

    def for_generator(self, step: Step) -> Tensor:
        """The sum over the views and levels."""
        views = list(self.over_views(step))
        fakes = self.fake_features(step, [view for view, _, _ in views])
        return sum(weight * level_weight * l1(ours, theirs)
                   for (_, real, weight), fake in zip(views, fakes, strict=True)
                   for level_weight, ours, theirs in zip(self.weights_of(len(fake)), fake,
                                                         self.real_features(step, real), strict=True))

    def fake_features(self, step: Step, views: list[str]) -> list[list[Tensor]]:
        """The features of each of the views, level by level."""
        batch = self.features(step, torch.cat([step.outputs[view] for view in views]))
        return [list(levels) for levels in zip(*(level.chunk(len(views)) for level in batch), strict=True)]

    @torch.no_grad()
    def real_features(self, step: Step, real: str) -> list[Tensor]:
        """The features of the real image of that name."""
        return step.once((self, real), lambda: self.features(step, step.real[real]))

"""L1 between a frozen network's features of two images: what perceptual losses are made of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from semsynth.layers.batches import join, part
from semsynth.losses.base import Loss
from semsynth.ops.absolute import weighted_l1

if TYPE_CHECKING:
    from semsynth.losses.step import Step


def feature_l1(fake: Iterable[Tensor], real: Iterable[Tensor], level_weights: Sequence[float] | None = None) -> Tensor:
    """The weighted sum, over levels, of the mean absolute difference of two lists of feature maps.

    Args:
        fake: features of the synthesised image, ``(B, C_i, H_i, W_i)`` each.
        real: those of the real image; no gradient flows to them.
        level_weights: factor of each level; by default 1 / levels, which gives the mean.

    Returns:
        A scalar, at least float32.

    Examples:
        >>> import torch
        >>> from semsynth.losses import feature_l1
        >>> features = [torch.ones(1, 8, 4, 4), torch.ones(1, 16, 2, 2)]
        >>> feature_l1(features, [torch.zeros_like(level) for level in features], level_weights=(1.0, 0.5)).item()
        1.5
    """
    fake = list(fake)
    return weighted_l1(fake, list(real), level_weights or averaging(len(fake)))


def averaging(levels: int) -> list[float]:
    """The weights of a mean."""
    return [1 / levels] * levels


def checked_weights(level_weights: Sequence[float], levels: Sequence[str], loss: str) -> tuple[float, ...]:
    """Factors of levels, as many as there are.

    Args:
        level_weights: what was given.
        levels: the names of the levels.
        loss: for the message.

    Raises:
        ValueError: there are fewer or more.
    """
    if len(level_weights) != len(levels):
        raise ValueError(f'{loss}: {len(level_weights)} weights are given for {len(levels)} levels; give one each for '
                         f'{", ".join(levels)}.')
    return tuple(level_weights)


class FrozenFeatureLoss(Loss):
    """L1 between a frozen network's features of each view and of the real image that it imitates.

    The views go through the network as one batch, and so do the real images, once a step and without a graph.
    """

    level_weights: Sequence[float] | None = None
    """Factor of each level's mean absolute difference; None for 1 / levels."""

    def features(self, step: Step, images: Tensor) -> list[Tensor]:
        """Feature maps ``(B, C_i, H_i, W_i)`` of images ``(B, 3, H, W)`` in ``[-1, 1]``, level by level."""
        raise NotImplementedError

    def for_generator(self, step: Step) -> Tensor:
        """The sum over the views and levels."""
        views = list(self.over_views(step))
        fakes = self.fake_features(step, [view for view, _, _ in views])
        reals = [self.real_features(step, real) for _, real, _ in views]
        weights = [weight * level for (_, _, weight), fake in zip(views, fakes, strict=True)
                   for level in self.level_weights or averaging(len(fake))]
        return feature_l1(chain(*fakes), chain(*reals), weights)

    def fake_features(self, step: Step, views: list[str]) -> list[list[Tensor]]:
        """The features of each of the views, level by level."""
        return self._of_each(step, [step.outputs[view] for view in views])

    @torch.no_grad()
    def real_features(self, step: Step, real: str) -> list[Tensor]:
        """The features of the real image of that name, one of those that its views imitate."""
        kinds = self.kinds(step.views)
        every = step.once((self, 'reals'), lambda: self._of_each(step, [step.real[kind] for kind in kinds]))
        return every[kinds.index(real)]

    def _of_each(self, step: Step, images: list[Tensor]) -> list[list[Tensor]]:
        """The features of several batches of images, which go through the network as one."""
        batch = self.features(step, join(images))
        return [list(levels) for levels in zip(*(part(level, len(images)) for level in batch), strict=True)]

"""Adversarial losses: what the discriminator's logits cost each player."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import torch.nn.functional as F
from torch import Tensor

from semsynth.losses.base import Loss, full_precision, mean
from semsynth.registry import LOSSES

if TYPE_CHECKING:
    from semsynth.models.step import Step, Verdict

REDUCTIONS = {'sum': sum, 'mean': mean}


@full_precision
def least_squares(logits: Tensor, target: float) -> Tensor:
    """Mean squared distance of the logits, of any shape, from a target (LSGAN)."""
    return (logits - target).square().mean()


@full_precision
def hinge(logits: Tensor, sign: float) -> Tensor:
    """Mean of ``max(0, 1 - sign * logits)``; the sign is 1 where logits should be high, -1 where low."""
    return F.relu(1 - sign * logits).mean()


@full_precision
def cross_entropy(logits: Tensor, sign: float) -> Tensor:
    """Mean of ``-log sigmoid(sign * logits)``, stable for logits of any size."""
    return F.softplus(-sign * logits).mean()


@full_precision
def average(logits: Tensor) -> Tensor:
    """Mean of the logits."""
    return logits.mean()


class AdversarialLoss(Loss):
    """What every adversarial loss does: both players pay for the logits of every scale, summed over the views.

    Args:
        reduction: ``'sum'`` over the discriminator's scales (pix2pixHD) or their ``'mean'`` (SPADE).
        discriminator_weight: factor of the discriminator's share alone (pix2pixHD: 0.5).
        weight: factor of the whole term, both players' shares.
        views: weight of each view that it is for; by default the model's views with their weights. A real image that
            several views imitate counts with each one's weight (ECGAN, eq. 9).

    Raises:
        ValueError: the reduction is none of the two.
    """

    judges = True

    def __init__(self, reduction: str = 'mean', discriminator_weight: float = 1.0, weight: float = 1.0,
                 views: dict[str, float] | None = None):
        super().__init__(weight, views)
        if reduction not in REDUCTIONS:
            raise ValueError(f'{type(self).__name__}: reduction={reduction!r} is not one of {", ".join(REDUCTIONS)}.')
        self.reduce, self.discriminator_weight = REDUCTIONS[reduction], discriminator_weight

    def on_real(self, logits: Tensor) -> Tensor:
        """What the discriminator pays for its logits of real images, a scalar."""
        raise NotImplementedError

    def on_fake(self, logits: Tensor) -> Tensor:
        """What the discriminator pays for its logits of synthesised images, a scalar."""
        raise NotImplementedError

    def on_fooling(self, logits: Tensor) -> Tensor:
        """What the generator pays for the logits of its images, a scalar; by default that they pass as real."""
        return self.on_real(logits)

    def for_generator(self, step: Step) -> Tensor:
        """The sum over the views of what their logits cost the generator."""
        return sum(weight * self._over_scales(self.on_fooling, step.fake_verdicts[view])
                   for view, _, weight in self.over_views(step))

    def for_discriminator(self, step: Step) -> Tensor:
        """The sum over the views of what their logits, and those of the real images, cost the discriminator."""
        return self.discriminator_weight * sum(weight * (fake + real) for weight, fake, real in self._prices(step))

    def discriminator_parts(self, step: Step) -> dict[str, Tensor]:
        """The same sums for the logits of real and of synthesised images alone."""
        prices = self._prices(step)
        return dict(real=self.discriminator_weight * sum(weight * real for weight, _, real in prices),
                    synthesised=self.discriminator_weight * sum(weight * fake for weight, fake, _ in prices))

    def _prices(self, step: Step) -> list[tuple[float, Tensor, Tensor]]:
        """Weight of each view, what its logits cost the discriminator, and what those of its real image do."""
        return step.once((self, 'prices'), lambda: [
            (weight, self._over_scales(self.on_fake, step.fake_verdicts[view]),
             self._over_scales(self.on_real, step.real_verdicts[real]))
            for view, real, weight in self.over_views(step)])

    def _over_scales(self, price: Callable[[Tensor], Tensor], verdict: Verdict) -> Tensor:
        return self.reduce(price(features[-1]) for features in verdict)


@LOSSES.register_module()
class LeastSquaresLoss(AdversarialLoss):
    """LSGAN: squared distance from 1 for real, from 0 for fake (pix2pixHD: ``reduction='sum'`` and half for D)."""

    def on_real(self, logits: Tensor) -> Tensor:
        """Squared distance from 1."""
        return least_squares(logits, 1.0)

    def on_fake(self, logits: Tensor) -> Tensor:
        """Squared distance from 0."""
        return least_squares(logits, 0.0)


@LOSSES.register_module()
class HingeLoss(AdversarialLoss):
    """Hinge loss; the generator pays the negative logits (SPADE, ECGAN)."""

    def on_real(self, logits: Tensor) -> Tensor:
        """How far the logits are below 1."""
        return hinge(logits, 1.0)

    def on_fake(self, logits: Tensor) -> Tensor:
        """How far the logits are above -1."""
        return hinge(logits, -1.0)

    def on_fooling(self, logits: Tensor) -> Tensor:
        """The negative logits."""
        return -average(logits)


@LOSSES.register_module()
class VanillaLoss(AdversarialLoss):
    """Cross entropy on logits (ECGAN, eqs. 8-9; pix2pixHD, eq. 2); the generator's share is the non-saturating one."""

    def on_real(self, logits: Tensor) -> Tensor:
        """-log D."""
        return cross_entropy(logits, 1.0)

    def on_fake(self, logits: Tensor) -> Tensor:
        """-log(1 - D)."""
        return cross_entropy(logits, -1.0)

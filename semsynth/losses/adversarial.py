"""Adversarial losses on the discriminator's scores: least squares, hinge, cross-entropy."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor

from semsynth.errors import check_option
from semsynth.losses.base import Loss, full_precision, mean, scale, total
from semsynth.registry import LOSSES

if TYPE_CHECKING:
    from semsynth.losses.step import Step
    from semsynth.parts import Verdict

REDUCTIONS = {'sum': total, 'mean': mean}


@full_precision
def least_squares(logits: Tensor, target: float, weights: Tensor | None = None) -> Tensor:
    """Mean squared distance of the logits, of any shape, from a target (LSGAN).

    Args:
        logits: of any shape.
        target: what they should be.
        weights: of each logit, ``(number of logits,)``, for a weighted sum in place of the mean.

    Examples:
        >>> import torch
        >>> from semsynth.losses import least_squares
        >>> least_squares(torch.tensor([0.5, 1.5]), target=1.0).item()
        0.25
    """
    return _reduce(F.mse_loss(logits, torch.full_like(logits, target), reduction='none'), weights)


@full_precision
def hinge(logits: Tensor, sign: float, weights: Tensor | None = None) -> Tensor:
    """Mean of ``max(0, 1 - sign * logits)``; the sign is 1 where logits should be high, -1 where low.

    ``weights`` are as of ``least_squares``.

    Examples:
        >>> import torch
        >>> from semsynth.losses import hinge
        >>> hinge(torch.tensor([0.5, 2.0]), sign=1.0).item()
        0.25
    """
    return _reduce(F.relu(torch.rsub(logits, 1, alpha=sign)), weights)


@full_precision
def cross_entropy(logits: Tensor, sign: float, weights: Tensor | None = None) -> Tensor:
    """Mean of ``-log sigmoid(sign * logits)``, stable for logits of any size.

    ``weights`` are as of ``least_squares``.

    Examples:
        >>> import torch
        >>> from semsynth.losses import cross_entropy
        >>> round(cross_entropy(torch.tensor([0.0]), sign=1.0).item(), 4)  # log 2
        0.6931
    """
    return _reduce(F.softplus(scale(-sign, logits)), weights)


@full_precision
def average(logits: Tensor, weights: Tensor | None = None) -> Tensor:
    """Mean of the logits.

    ``weights`` are as of ``least_squares``.

    Examples:
        >>> import torch
        >>> from semsynth.losses import average
        >>> average(torch.tensor([1.0, 2.0])).item()
        1.5
    """
    return _reduce(logits, weights)


def _reduce(terms: Tensor, weights: Tensor | None) -> Tensor:
    return terms.mean() if weights is None else torch.dot(terms.flatten(), weights)


def over_scales(verdict: Verdict, loss: Callable[[Tensor], Tensor], reduction: str = 'mean') -> Tensor:
    """A loss on the logits of every scale of a discriminator, as one scalar.

    Args:
        verdict: what a discriminator returns: a list of feature maps per scale, the last of each are its logits.
        loss: of the logits of one scale, a scalar.
        reduction: ``'sum'`` over the scales (pix2pixHD) or their ``'mean'`` (SPADE).

    Examples:
        >>> import torch
        >>> from semsynth.losses import average, over_scales
        >>> verdict = [[torch.ones(1, 1, 8, 8)], [2 * torch.ones(1, 1, 4, 4)]]
        >>> over_scales(verdict, average, 'sum').item()
        3.0
    """
    return REDUCTIONS[reduction](loss(features[-1]) for features in verdict)


class AdversarialLoss(Loss):
    """What adversarial losses on scores have in common: both players' losses, summed over the views.

    Args:
        reduction: ``'sum'`` over the discriminator's scales (pix2pixHD) or their ``'mean'`` (SPADE).
        discriminator_weight: factor of the discriminator's loss alone (pix2pixHD: 0.5).
        weight: factor of the whole term, for both players.
        views: weight of each view that it is for; by default the model's views with their weights. A real image that
            several views imitate counts with each one's weight (ECGAN, eq. 9).

    Raises:
        ValueError: the reduction is none of the two.
    """

    reads = frozenset({'verdicts'})
    trains = frozenset({'generator', 'discriminator'})

    def __init__(self, reduction: str = 'mean', discriminator_weight: float = 1.0, weight: float = 1.0,
                 views: dict[str, float] | None = None):
        super().__init__(weight, views)
        check_option(type(self).__name__, 'reduction', reduction, REDUCTIONS)
        self.reduction, self.discriminator_weight = reduction, discriminator_weight
        self._kept: dict[tuple, Tensor] = {}

    def on_real(self, logits: Tensor, weights: Tensor | None = None) -> Tensor:
        """The discriminator's loss on its logits of real images, a scalar: their mean, or with weights ``(number of
        logits,)`` a weighted sum."""
        raise NotImplementedError

    def on_fake(self, logits: Tensor, weights: Tensor | None = None) -> Tensor:
        """The discriminator's loss on its logits of synthesised images, likewise."""
        raise NotImplementedError

    def on_fooling(self, logits: Tensor, weights: Tensor | None = None) -> Tensor:
        """The generator's loss on the logits of its images, a scalar; by default it wants them to pass as real."""
        return self.on_real(logits, weights)

    def for_generator(self, step: Step) -> Tensor:
        """The sum over the views of the generator's loss on their logits."""
        return self._sum(step.fake_verdicts, {view: weight for view, _, weight in self.over_views(step)},
                         self.on_fooling)

    def for_discriminator(self, step: Step) -> Tensor:
        """The sum over the views of the discriminator's loss on their logits and on those of the real images."""
        return total(self.discriminator_parts(step).values())

    def discriminator_parts(self, step: Step) -> dict[str, Tensor]:
        """The same sums for the logits of real and of synthesised images alone."""
        return step.once((self, 'parts'), lambda: self._parts(step))

    def _parts(self, step: Step) -> dict[str, Tensor]:
        reals: dict[str, float] = {}
        for _, real, weight in self.over_views(step):
            reals[real] = reals.get(real, 0) + weight
        reals = {real: self.discriminator_weight * weight for real, weight in reals.items()}
        fakes = {view: self.discriminator_weight * weight for view, _, weight in self.over_views(step)}
        return dict(real=self._sum(step.real_verdicts, reals, self.on_real),
                    synthesised=self._sum(step.fake_verdicts, fakes, self.on_fake))

    @torch.compiler.disable  # compiled, it would be compiled anew for each of its weights
    def _sum(self, verdicts: Mapping[str, Verdict], weights: dict[str, float],
             loss: Callable[[Tensor, Tensor], Tensor]) -> Tensor:
        """The weighted sum over the views, and the sum or the mean over the scales, of the mean over the logits, which
        go through the loss all together."""
        logits, shares = [], []
        for name, weight in weights.items():
            scales = [features[-1] for features in verdicts[name]]
            logits += scales
            shares += [weight / (len(scales) if self.reduction == 'mean' else 1) / each.numel() for each in scales]
        every = torch.cat([each.flatten() for each in logits])
        return loss(every, self._weights(tuple(shares), tuple(each.numel() for each in logits), every))

    def _weights(self, shares: tuple[float, ...], counts: tuple[int, ...], logits: Tensor) -> Tensor:
        """Each share as often as counts says. Kept, for both are the same in every step."""
        dtype = torch.float64 if logits.dtype == torch.float64 else torch.float32
        key = shares, counts, logits.device, dtype
        if key not in self._kept:
            self._kept[key] = torch.cat([torch.full((count,), share, dtype=dtype, device=logits.device)
                                         for share, count in zip(shares, counts, strict=True)])
        return self._kept[key]


@LOSSES.register_module()
class LeastSquaresLoss(AdversarialLoss):
    """LSGAN: squared distance from 1 for real, from 0 for fake (pix2pixHD: ``reduction='sum'`` and half for D)."""

    middle = 0.5

    def on_real(self, logits: Tensor, weights: Tensor | None = None) -> Tensor:
        """Squared distance from 1."""
        return least_squares(logits, 1.0, weights)

    def on_fake(self, logits: Tensor, weights: Tensor | None = None) -> Tensor:
        """Squared distance from 0."""
        return least_squares(logits, 0.0, weights)


@LOSSES.register_module()
class HingeLoss(AdversarialLoss):
    """Hinge loss; the generator's loss are the negative logits (SPADE, ECGAN)."""

    def on_real(self, logits: Tensor, weights: Tensor | None = None) -> Tensor:
        """How far the logits are below 1."""
        return hinge(logits, 1.0, weights)

    def on_fake(self, logits: Tensor, weights: Tensor | None = None) -> Tensor:
        """How far the logits are above -1."""
        return hinge(logits, -1.0, weights)

    def on_fooling(self, logits: Tensor, weights: Tensor | None = None) -> Tensor:
        """The negative logits."""
        return -average(logits, weights)


@LOSSES.register_module()
class VanillaLoss(AdversarialLoss):
    """Cross-entropy on logits (ECGAN, eqs. 8-9; pix2pixHD, eq. 2); the generator's loss is the non-saturating one."""

    def on_real(self, logits: Tensor, weights: Tensor | None = None) -> Tensor:
        """-log D."""
        return cross_entropy(logits, 1.0, weights)

    def on_fake(self, logits: Tensor, weights: Tensor | None = None) -> Tensor:
        """-log(1 - D)."""
        return cross_entropy(logits, -1.0, weights)

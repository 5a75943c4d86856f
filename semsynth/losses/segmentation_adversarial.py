"""Adversarial loss of a discriminator that classifies pixels: cross-entropy of N + 1 classes (OASIS, eqs. 1 to 3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor

from semsynth.losses.base import Loss, full_precision, scale, total
from semsynth.registry import LOSSES

if TYPE_CHECKING:
    from semsynth.losses.step import Step
    from semsynth.parts import Parts

FAKE = 0
"""The logits' channel of synthesised pixels; class c has channel c + 1."""


@full_precision
def class_cross_entropy(logits: Tensor, label: Tensor, unknown: int | None = None, focus: float = 0) -> Tensor:
    """Cross-entropy of each pixel's class, in which every class that is present weighs the same (OASIS, eq. 1).

    With ``focus`` it is the focal loss (Lin et al. 2017): a pixel whose class has the probability p counts
    (1 - p)**focus times as much.

    Args:
        logits: ``(B, N + 1, H, W)``, channel 0 that of synthesised pixels.
        label: ``(B, H, W)`` long in ``0..N-1``.
        unknown: the class whose pixels are left out, or None.
        focus: the focal loss's gamma, 0 or at least 1; 0 is the cross-entropy.

    Returns:
        A scalar, at least float32: the mean over the classes present in the batch of the mean over all pixels of that
        class; 0 where none is known.

    Examples:
        >>> import torch
        >>> from semsynth.losses import class_cross_entropy
        >>> logits = torch.zeros(1, 3, 4, 4)  # two classes, and synthesised
        >>> round(class_cross_entropy(logits, torch.zeros(1, 4, 4, dtype=torch.long)).item(), 4)  # log 3
        1.0986
    """
    channels = label + 1
    pixels = torch.zeros(logits.shape[1], dtype=torch.long, device=label.device)
    pixels.scatter_add_(0, channels.flatten(), torch.ones_like(channels.flatten()))
    if unknown is not None:
        pixels[unknown + 1].zero_()  # to assign a 0 would copy it from the host, and wait for a GPU
    present = pixels > 0
    weights = torch.where(present, 1 / (pixels * present.sum()).to(logits.dtype), 0)
    if not focus:
        return F.cross_entropy(logits, channels, weights, reduction='sum')
    return (weights[channels] * _focal(logits.log_softmax(1).gather(1, channels.unsqueeze(1)).squeeze(1), focus)).sum()


@full_precision
def fake_cross_entropy(logits: Tensor, focus: float = 0) -> Tensor:
    """Mean cross-entropy of ``(B, N + 1, H, W)`` logits with "synthesised" at every pixel; focal with ``focus``.

    Examples:
        >>> import torch
        >>> from semsynth.losses import fake_cross_entropy
        >>> round(fake_cross_entropy(torch.zeros(1, 3, 4, 4)).item(), 4)  # log 3
        1.0986
    """
    own = logits.log_softmax(1)[:, FAKE]
    return _focal(own, focus).mean() if focus else -own.mean()


def _focal(log_probability: Tensor, focus: float) -> Tensor:
    """The focal loss of each pixel, given the logarithm of its own class's probability."""
    return -log_probability * (-log_probability.expm1())**focus


def check_class_logits(loss: Loss, parts: Parts) -> None:
    """Raise ValueError unless the discriminators that judge a loss's views give logits of classes."""
    for network in loss.discriminators(parts):
        if not network.returns_class_logits:
            raise ValueError(f'{type(loss).__name__} reads the logits of classes, but {type(network).__name__} gives '
                             "scores of being real: use it with discriminator=dict(type='OASISDiscriminator'), or "
                             'BackboneDiscriminator.')


@LOSSES.register_module()
class SegmentationAdversarialLoss(Loss):
    """The discriminator segments real images and finds synthesised pixels; the generator wants its own segmented.

    Needs a discriminator that returns the logits of classes, such as ``OASISDiscriminator`` or
    ``BackboneDiscriminator``.

    Args:
        weight: factor of the whole term, for both players.
        views: weight of each view that it is for; by default the model's views that imitate the image, with their
            weights. This discriminator is not told what it judges, so edge maps need another one, or at least to be
            named here. A real image that several views imitate counts with each one's weight.
        focus: gamma of the focal loss that each pixel has in place of the cross-entropy (DP-SIMS), for both players:
            pixels that the discriminator is sure of, and right about, hardly count. 0 is OASIS's cross-entropy.

    Raises:
        ValueError: a ``focus`` between 0 and 1, whose gradient has no bound, or below 0.
    """

    reads = frozenset({'class_logits', 'label_map'})
    trains = frozenset({'generator', 'discriminator'})
    relates_images = True

    def __init__(self, weight: float = 1.0, views: dict[str, float] | None = None, focus: float = 0):
        super().__init__(weight, views)
        if focus and focus < 1:
            raise ValueError(f'SegmentationAdversarialLoss: focus={focus}, expected 0 or at least 1.')
        self.focus = focus

    def check(self, parts: Parts) -> None:
        """Raise ValueError where the discriminator gives no logits of classes."""
        check_class_logits(self, parts)

    def for_generator(self, step: Step) -> Tensor:
        """The sum over the views of their class cross-entropy, as if they were real."""
        return total(scale(weight, self._of_classes(step, step.fake_verdicts[view]))
                     for view, _, weight in self.over_views(step))

    def for_discriminator(self, step: Step) -> Tensor:
        """The sum over the views of the real image's class cross-entropy and the view's with "synthesised"."""
        return total(self.discriminator_parts(step).values())

    def discriminator_parts(self, step: Step) -> dict[str, Tensor]:
        """The same sums on real and on synthesised images alone."""
        return step.once((self, 'parts'), lambda: dict(
            real=total(scale(weight, self._of_classes(step, step.real_verdicts[real]))
                       for _, real, weight in self.over_views(step)),
            synthesised=total(scale(weight, fake_cross_entropy(step.fake_verdicts[view][0][-1], self.focus))
                              for view, _, weight in self.over_views(step))))

    def _of_classes(self, step: Step, verdict: list[list[Tensor]]) -> Tensor:
        return class_cross_entropy(verdict[0][-1], step.layout.label, step.layout.unknown, self.focus)

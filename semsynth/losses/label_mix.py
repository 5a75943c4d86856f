"""LabelMix: consistent verdicts on an image of real and synthesised classes (OASIS, eq. 4)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor

from semsynth.losses.base import Loss, full_precision
from semsynth.registry import LOSSES

if TYPE_CHECKING:
    from semsynth.models.step import Step


def label_mix_mask(label: Tensor, num_classes: int) -> Tensor:
    """Which pixels are to be real: each class of each image with p = 0.5, independently of all others.

    Drawn from torch's random state, which the engine sets for every step and rank.

    Args:
        label: ``(B, H, W)`` long in ``0..num_classes-1``.
        num_classes: number of classes, the unknown one included.

    Returns:
        ``(B, 1, H, W)`` bool.
    """
    is_real = torch.rand(len(label), num_classes, device=label.device) < 0.5
    return is_real.gather(1, label.flatten(1)).view_as(label).unsqueeze(1)


@full_precision
def consistency(mixed: Tensor, real: Tensor, fake: Tensor, mask: Tensor) -> Tensor:
    """Mean squared distance of the mixed image's logits from the mix of both images' logits (OASIS, eq. 4).

    Args:
        mixed: logits of the mixed image, ``(B, C, H, W)``.
        real, fake: logits of the real and of the synthesised image; gradients flow to all three.
        mask: ``(B, 1, H, W)`` bool, true where the mixed image is real.

    Returns:
        A scalar, at least float32.
    """
    return F.mse_loss(mixed, torch.where(mask, real, fake))


@LOSSES.register_module()
class LabelMixLoss(Loss):
    """The discriminator's logits of an image mixed from real and synthesised classes are to be the mixed logits.

    The generator pays nothing. The mixed images cost the discriminator one more batch.

    Args:
        weight: factor of the whole term (OASIS: 10, on Cityscapes 5).
        views: weight of each view that it is for; by default the model's views that imitate the image, with their
            weights.
    """

    judges = reads_label_map = reads_class_logits = True

    def for_discriminator(self, step: Step) -> Tensor:
        """The sum over the views; all are mixed by one mask."""
        mask = label_mix_mask(step.layout.label, step.layout.num_classes)
        views = list(self.over_views(step))
        mixed = step.judge({view: torch.where(mask, step.real[real], step.outputs[view]) for view, real, _ in views})
        return sum(weight * consistency(mixed[view][0][-1], step.real_verdicts[real][0][-1],
                                        step.fake_verdicts[view][0][-1], mask)
                   for view, real, weight in views)

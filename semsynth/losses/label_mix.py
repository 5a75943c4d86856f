"""LabelMix: consistent logits on an image of real and synthesised classes (OASIS, eq. 4)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor

from semsynth.losses.base import Loss, full_precision, scale, total
from semsynth.losses.segmentation_adversarial import check_class_logits
from semsynth.registry import LOSSES

if TYPE_CHECKING:
    from semsynth.losses.step import Step
    from semsynth.parts import Parts


def label_mix_mask(label: Tensor, num_classes: int) -> Tensor:
    """Which pixels are to be real: each class of each image with p = 0.5, independently of all others.

    Drawn from torch's random state, which the engine sets for every step and rank.

    Args:
        label: ``(B, H, W)`` long in ``0..num_classes-1``.
        num_classes: number of classes, the unknown one included.

    Returns:
        ``(B, 1, H, W)`` bool.

    Examples:
        >>> import torch
        >>> from semsynth.losses import label_mix_mask
        >>> label_mix_mask(torch.zeros(2, 4, 4, dtype=torch.long), num_classes=1).shape
        torch.Size([2, 1, 4, 4])
    """
    is_real = torch.rand(len(label), num_classes, device=label.device) < 0.5
    return is_real.gather(1, label.flatten(1)).view_as(label).unsqueeze(1)


@full_precision
def label_mix_loss(mixed: Tensor, real: Tensor, fake: Tensor, mask: Tensor) -> Tensor:
    """Mean squared distance of the mixed image's logits from the mix of both images' logits (OASIS, eq. 4).

    Args:
        mixed: logits of the mixed image, ``(B, C, H, W)``.
        real, fake: logits of the real and of the synthesised image; gradients flow to all three.
        mask: ``(B, 1, H, W)`` bool, true where the mixed image is real.

    Returns:
        A scalar, at least float32.

    Examples:
        >>> import torch
        >>> from semsynth.losses import label_mix_loss
        >>> real, fake = torch.ones(1, 3, 1, 2), torch.zeros(1, 3, 1, 2)
        >>> label_mix_loss(real, real, fake, mask=torch.tensor([[[[True, False]]]])).item()
        0.5
    """
    return F.mse_loss(mixed, torch.where(mask, real, fake))


@LOSSES.register_module()
class LabelMixLoss(Loss):
    """The discriminator's logits of an image mixed from real and synthesised classes are to be the mixed logits.

    It trains the discriminator alone, and has it judge one more batch, the mixed images. ``step.draws['label_mix']``,
    where given, is the mask (``label_mix_mask``).

    Args:
        weight: factor of the whole term (OASIS: 10, on Cityscapes 5).
        views: weight of each view that it is for; by default the model's views that imitate the image, with their
            weights.
    """

    reads = frozenset({'class_logits', 'label_map'})
    trains = frozenset({'discriminator'})

    def check(self, parts: Parts) -> None:
        """Raise ValueError where the discriminator gives no logits of classes."""
        check_class_logits(self, parts)

    def for_discriminator(self, step: Step) -> Tensor:
        """The sum over the views; all are mixed by one mask."""
        layout = step.layout
        mask = step.drawn('label_mix', lambda: label_mix_mask(layout.label, layout.num_classes))
        views = list(self.over_views(step))
        mixed = step.judge({view: torch.where(mask, step.real[real], step.outputs[view]) for view, real, _ in views})
        return total(scale(weight, label_mix_loss(mixed[view][0][-1], step.real_verdicts[real][0][-1],
                                                  step.fake_verdicts[view][0][-1], mask))
                     for view, real, weight in views)

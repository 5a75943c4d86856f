"""ECGAN's class-specific reconstruction loss (eq. 6)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from semsynth.losses.base import Loss, full_precision
from semsynth.registry import LOSSES

if TYPE_CHECKING:
    from semsynth.losses.step import Step


@full_precision
def class_specific_l1(output: Tensor, target: Tensor, label: Tensor, num_classes: int,
                      unknown: int | None = None) -> Tensor:
    """Sum over the classes present of the mean ``|I - I_i|`` over that class's pixels (ECGAN, eq. 6).

    Args:
        output: ``(B, C, H, W)``, the sum of the classes' own images, each zero outside its class (eq. 7).
        target: the real image, same shape; no gradient flows to it.
        label: ``(B, H, W)`` long in ``0..num_classes-1``.
        num_classes: number of classes, the unknown one included.
        unknown: the class whose pixels are left out, or None.

    Returns:
        A scalar, at least float32: the mean over the images; 0 for an image without a known pixel.

    Examples:
        >>> import torch
        >>> from semsynth.losses import class_specific_l1
        >>> label = torch.tensor([[[0, 0, 0, 1]]])  # class 0 is wrong by 1 on three pixels, class 1 by 4 on one
        >>> output = torch.tensor([1.0, 1.0, 1.0, 4.0]).view(1, 1, 1, 4)
        >>> class_specific_l1(output, torch.zeros(1, 1, 1, 4), label, num_classes=2).item()
        5.0
    """
    label = label.flatten(1)
    counts = torch.zeros(len(label), num_classes, dtype=torch.long, device=label.device)
    counts.scatter_add_(1, label, torch.ones_like(label))
    # A sum of means over classes is one sum over pixels, each weighted by 1 / its class's size.
    error = (output - target.detach()).abs().mean(1).flatten(1)
    weighted = error / counts.gather(1, label)
    if unknown is not None:
        weighted = weighted.masked_fill(label == unknown, 0)
    return weighted.sum() / len(label)


@LOSSES.register_module()
class ClassSpecificLoss(Loss):
    """Eq. 6 of ECGAN between the output ``'class_specific'`` and the real ``'image'``: small classes weigh as big ones.

    Args:
        weight: factor of the whole term.
    """

    reads = frozenset({'class_specific', 'label_map'})

    def __init__(self, weight: float = 1.0):
        super().__init__(weight)

    def for_generator(self, step: Step) -> Tensor:
        """The mean over the images."""
        layout = step.layout
        return class_specific_l1(step.outputs['class_specific'], step.real['image'], layout.label,
                                 layout.num_classes, layout.unknown)

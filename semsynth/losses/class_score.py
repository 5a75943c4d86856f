"""LGGAN's classification loss on the features of each class."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor

from semsynth.losses.base import Loss, full_precision
from semsynth.registry import LOSSES

if TYPE_CHECKING:
    from semsynth.losses.step import Step


@full_precision
def class_score_loss(scores: Tensor, label: Tensor, unknown: int | None = None) -> Tensor:
    """Mean cross-entropy of the scores of each class that is present in an image: they should tell that class.

    Args:
        scores: ``(B, N, N)``, before softmax: row i has the scores of the features of class i.
        label: ``(B, H, W)`` long in ``0..N-1``.
        unknown: the class whose features are not classified, or None.

    Returns:
        A scalar, at least float32: the mean over all pairs of an image and a class that is present in it; 0 where there
        is none.

    Examples:
        >>> import torch
        >>> from semsynth.losses import class_score_loss
        >>> label = torch.tensor([[[0, 0, 2]]])  # of three classes two are present
        >>> round(class_score_loss(torch.zeros(1, 3, 3), label).item(), 4)  # log 3
        1.0986
    """
    images, classes = scores.shape[:2]
    present = torch.zeros(images, classes, dtype=scores.dtype, device=scores.device)
    present.scatter_(1, label.flatten(1), 1)
    if unknown is not None:
        present[:, unknown] = 0
    right = torch.arange(classes, device=scores.device).expand(images, -1)
    losses = F.cross_entropy(scores.flatten(0, 1), right.flatten(), reduction='none')
    return (losses * present.flatten()).sum() / present.sum().clamp(min=1)


@LOSSES.register_module()
class ClassScoreLoss(Loss):
    """LGGAN's classification loss: the output ``'class_scores'`` should tell every class that is present.

    Args:
        weight: factor of the whole term.
    """

    reads = frozenset({'class_scores', 'label_map'})
    relates_images = True

    def __init__(self, weight: float = 1.0):
        super().__init__(weight)

    def for_generator(self, step: Step) -> Tensor:
        """The mean over images and the classes present in them."""
        return class_score_loss(step.outputs['class_scores'], step.layout.label, step.layout.unknown)

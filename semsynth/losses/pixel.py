"""Plain L1 between each view and the real image that it imitates."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch.nn.functional as F
from torch import Tensor

from semsynth.losses.base import Loss, full_precision, scale, total
from semsynth.registry import LOSSES

if TYPE_CHECKING:
    from semsynth.losses.step import Step


@full_precision
def l1(output: Tensor, target: Tensor) -> Tensor:
    """Mean absolute difference of two tensors of one shape; no gradient to the target.

    Examples:
        >>> import torch
        >>> from semsynth.losses import l1
        >>> l1(torch.tensor([1.0, -2.0]), torch.zeros(2)).item()
        1.5
    """
    return F.l1_loss(output, target.detach())


@LOSSES.register_module()
class L1Loss(Loss):
    """Mean absolute difference of view and real image, both ``(B, 3, H, W)`` in ``[-1, 1]``, summed over the views.

    Args:
        weight: factor of the whole term.
        views: weight of each view that it is for; by default the model's views with their weights.
    """

    def for_generator(self, step: Step) -> Tensor:
        """The sum over the views."""
        return total(scale(weight, l1(step.outputs[view], step.real[real]))
                     for view, real, weight in self.over_views(step))

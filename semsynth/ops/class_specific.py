"""Class-specific pixel generation: every class painted by its own convolutions (ECGAN, 3.3, eq. 7)."""

from __future__ import annotations

from collections.abc import Iterable

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.utils.checkpoint import checkpoint


def class_specific_image(features: Tensor, masks: Tensor, weights: Iterable[tuple[Tensor, ...]]) -> Tensor:
    """The sum over classes of what each class's own convolutions make of its own pixels (ECGAN, eq. 7).

    A class's mask is multiplied in before each convolution and after the last, so that nothing crosses from one class
    to another. Every class is computed at full size, present or not: time is that of all classes' convolutions.
    Memory is that of one class: backward computes each anew.

    Args:
        features: ``(B, C, H, W)``.
        masks: 1 where a pixel belongs to a class, ``(B, N, H, W)``.
        weights: for each class weight and bias of three convolutions, C to C with ReLU, C to C with ReLU, C to 3 with
            tanh, of odd size: ``(weight, bias, weight, bias, weight, bias)``.

    Returns:
        ``(B, 3, H, W)`` in ``[-1, 1]``, 0 where no mask is 1, float32 at least.
    """
    image = 0
    for mask, parameters in zip(masks.split(1, dim=1), weights, strict=True):
        # weights are arguments because spectral norm would make others when the forward is run again
        image = image + checkpoint(_paint, features, mask, *parameters, use_reentrant=False, preserve_rng_state=False)
    return image


def _paint(features: Tensor, mask: Tensor, *parameters: Tensor) -> Tensor:
    weight_1, bias_1, weight_2, bias_2, weight_3, bias_3 = parameters
    mask = mask.to(features.dtype)
    hidden = F.relu(F.conv2d(features * mask, weight_1, bias_1, padding='same'))
    hidden = F.relu(F.conv2d(hidden * mask, weight_2, bias_2, padding='same'))
    image = F.conv2d(hidden * mask, weight_3, bias_3, padding='same')
    return torch.tanh(image.to(torch.promote_types(image.dtype, torch.float32))) * mask

"""Convolution by kernels of each pixel's own (CC-FPSE, 3.1)."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor


def conditional_convolution(features: Tensor, kernels: Tensor) -> Tensor:
    """Depthwise convolution in which every pixel of every channel has a kernel of its own (CC-FPSE, 3.1).

    Tap by tap: what is kept for the backward pass are the features and the kernels themselves, no unfolded copy, which
    would take 9 times the memory of the features.

    Args:
        features: ``(B, C, H, W)``; beyond the border it is 0.
        kernels: ``(B, 9C, H, W)``: for each channel the 9 weights of a 3x3 kernel, row by row.

    Returns:
        ``(B, C, H, W)``.

    Raises:
        ValueError: the shapes do not belong together.
    """
    batch, channels, height, width = features.shape
    if kernels.shape != (batch, 9 * channels, height, width):
        raise ValueError(f'conditional_convolution: features {tuple(features.shape)} need kernels '
                         f'{(batch, 9 * channels, height, width)}, but they are {tuple(kernels.shape)}.')
    padded = F.pad(features, (1, 1, 1, 1))
    taps = kernels.unflatten(1, (channels, 9)).unbind(2)
    return sum(weights * padded[:, :, tap // 3:tap // 3 + height, tap % 3:tap % 3 + width]
               for tap, weights in enumerate(taps))

"""Normalisation of activations and of weights."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrizations, parametrize

WEIGHTED = (nn.Conv2d, nn.ConvTranspose2d, nn.Linear)
"""The layers that have a weight to initialise and to normalise."""


class InstanceNorm(nn.InstanceNorm2d):
    """Instance norm without parameters, its arithmetic in float32 at least.

    In bfloat16 the statistics themselves are rounded: where a channel's mean is 30 times its spread, results are off
    by 0.07.

    Args:
        num_features: channels C of the input, ``(B, C, H, W)``.

    Raises:
        ValueError: in forward, the input has one pixel only, which has no spread.
    """

    def __init__(self, num_features: int):
        super().__init__(num_features)

    def forward(self, x: Tensor) -> Tensor:
        """Each channel of each image to mean 0 and variance 1, in the input's own precision."""
        height, width = x.shape[-2:]
        if height * width == 1:
            raise ValueError(f'InstanceNorm: a map of {self.num_features} channels has shrunk to {height}x{width}, and '
                             'one pixel has no variance; use larger layouts or fewer downsamplings.')
        return super().forward(x.to(torch.promote_types(x.dtype, torch.float32))).to(x.dtype)


def spectral_norm(module: nn.Module) -> nn.Module:
    """Spectral normalisation of every convolution and linear layer in a module that has none yet (Miyato et al. 2018).

    Call it after the weights are initialised: the estimate of the largest singular value starts from them.
    """
    for layer in list(module.modules()):
        if isinstance(layer, WEIGHTED) and not parametrize.is_parametrized(layer, 'weight'):
            parametrizations.spectral_norm(layer)
    return module

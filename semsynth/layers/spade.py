"""SPADE: normalisation modulated by the layout, and its residual block (Park et al. 2019)."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from semsynth.layers.norm import BatchNorm, InstanceNorm, modulate
from semsynth.layers.spectral import spectral_norm


class SpatiallyAdaptiveNorm(nn.Module):
    """SPADE: ``norm(x) * (1 + gamma(condition)) + beta(condition)``, and a leaky ReLU where asked.

    Args:
        channels: channels C of what is normalised.
        condition_channels: channels of the condition.
        hidden_channels: width between condition and gamma, beta.
        norm: ``'batch'`` or ``'instance'``, without parameters of its own.
    """

    def __init__(self, channels: int, condition_channels: int, hidden_channels: int, norm: str):
        super().__init__()
        self.norm = BatchNorm(channels, affine=False) if norm == 'batch' else InstanceNorm(channels)
        self.shared = nn.Conv2d(condition_channels, hidden_channels, 3, padding=1)
        self.gamma = nn.Conv2d(hidden_channels, channels, 3, padding=1)
        self.beta = nn.Conv2d(hidden_channels, channels, 3, padding=1)

    def forward(self, x: Tensor, condition: Tensor, slope: float = 1.) -> Tensor:
        """``(B, C, H, W)`` and a condition of the same size to ``(B, C, H, W)``; slope 1 is no activation."""
        hidden = F.relu(self.shared(condition))
        gamma, beta = self.gamma(hidden), self.beta(hidden)
        if isinstance(self.norm, InstanceNorm):
            return self.norm(x, gamma, beta, slope)
        return modulate(self.norm(x), gamma, beta, slope)


class SPADEBlock(nn.Module):
    """Residual block of two (norm, leaky ReLU, 3x3 convolution); where the width changes, the shortcut is norm and 1x1
    convolution.

    Args:
        in_channels: channels of the input.
        out_channels: channels of the output.
        condition: arguments of its norms: ``condition_channels``, ``hidden_channels`` and ``norm``.
    """

    def __init__(self, in_channels: int, out_channels: int, **condition):
        super().__init__()
        middle = min(in_channels, out_channels)
        self.norm_0 = SpatiallyAdaptiveNorm(in_channels, **condition)
        self.conv_0 = nn.Conv2d(in_channels, middle, 3, padding=1)
        self.norm_1 = SpatiallyAdaptiveNorm(middle, **condition)
        self.conv_1 = nn.Conv2d(middle, out_channels, 3, padding=1)
        self.widens = in_channels != out_channels
        if self.widens:
            self.norm_s = SpatiallyAdaptiveNorm(in_channels, **condition)
            self.conv_s = nn.Conv2d(in_channels, out_channels, 1, bias=False)

    def normalise_convolutions(self) -> None:
        """Spectral norm on the block's own convolutions, not on those that make gamma and beta."""
        for layer in self.children():
            if isinstance(layer, nn.Conv2d):
                spectral_norm(layer)

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        """``(B, in_channels, H, W)`` and a condition of the same size to ``(B, out_channels, H, W)``."""
        shortcut = self.conv_s(self.norm_s(x, condition)) if self.widens else x
        x = self.conv_0(self.norm_0(x, condition, slope=0.2))
        return shortcut + self.conv_1(self.norm_1(x, condition, slope=0.2))

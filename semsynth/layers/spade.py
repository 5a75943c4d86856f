"""SPADE: normalisation modulated by the layout, and its residual block (Park et al. 2019)."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

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

    Attributes:
        out_channels: channels of the result, C.
    """

    def __init__(self, channels: int, condition_channels: int, hidden_channels: int, norm: str):
        super().__init__()
        self.out_channels = channels
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
        make_norm: makes a norm of so many channels, a module of ``(x, condition, slope)`` with ``out_channels``; by
            default a ``SpatiallyAdaptiveNorm``.
        condition: its arguments: ``condition_channels``, ``hidden_channels`` and ``norm``.
    """

    def __init__(self, in_channels: int, out_channels: int, make_norm: Callable[[int], nn.Module] | None = None, /,
                 **condition):
        super().__init__()
        make: Callable[[int], Any] = make_norm or partial(SpatiallyAdaptiveNorm, **condition)
        middle = min(in_channels, out_channels)
        self.norm_0 = make(in_channels)
        self.conv_0 = nn.Conv2d(self.norm_0.out_channels, middle, 3, padding=1)
        self.norm_1 = make(middle)
        self.conv_1 = nn.Conv2d(self.norm_1.out_channels, out_channels, 3, padding=1)
        self.widens = in_channels != out_channels
        if self.widens:
            self.norm_s = make(in_channels)
            self.conv_s = nn.Conv2d(self.norm_s.out_channels, out_channels, 1, bias=False)

    def normalise_convolutions(self) -> None:
        """Spectral norm on the block's own convolutions, not on those that make gamma and beta."""
        for layer in self.children():
            if isinstance(layer, nn.Conv2d):
                spectral_norm(layer)

    def forward(self, x: Tensor, condition: Any) -> Tensor:
        """``(B, in_channels, H, W)`` and what the norms read, of the same size, to ``(B, out_channels, H, W)``."""
        shortcut = self.conv_s(self.norm_s(x, condition)) if self.widens else x
        x = self.conv_0(self.norm_0(x, condition, slope=0.2))
        return shortcut + self.conv_1(self.norm_1(x, condition, slope=0.2))

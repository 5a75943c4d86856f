"""Norms whose scale and shift are read from tables: of a class (CLADE), or of an object and its noise (INADE)."""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from semsynth.layers.memory_order import lies_last
from semsynth.layers.norm import BatchNorm, InstanceNorm, modulate
from semsynth.layers.tables import spread


class ClassMaps(NamedTuple):
    """What ``ClassAdaptiveNorm`` reads of a layout, at the size of its features.

    Args:
        label: class indices, ``(B, H, W)`` long.
        boundary: the boundary map, ``(B, 1, H, W)``, or None.
        positions: each pixel's offset from its component's centroid, ``(B, 2, H, W)``, or None.
    """

    label: Tensor
    boundary: Tensor | None = None
    positions: Tensor | None = None


class ObjectMaps(NamedTuple):
    """What ``InstanceAdaptiveNorm`` reads of a layout, at the size of its features.

    Args:
        rows: each pixel's row among those of its image's objects, ``(B, H, W)`` long.
        classes: the class of each row, ``(B, R)`` long.
        noise: two vectors for each row, ``(B, R, 2, Z)``.
    """

    rows: Tensor
    classes: Tensor
    noise: Tensor


class _TableNorm(nn.Module):
    """A norm without parameters, then ``x * scale + shift`` with a row of two tables for each pixel."""

    def __init__(self, channels: int, norm: str):
        super().__init__()
        self.norm = BatchNorm(channels, affine=False) if norm == 'batch' else InstanceNorm(channels)

    def _modulated(self, x: Tensor, scale: Tensor, shift: Tensor, slope: float) -> Tensor:
        """Norm, maps ``(B, C, H, W)`` of scale minus 1 and of shift, leaky ReLU."""
        if isinstance(self.norm, InstanceNorm) and self.norm.fused:
            return self.norm(x, scale, shift, slope)
        y = self.norm(x)
        # instance norm leaves its result contiguous: a copy is faster than to mix both orders, and convolutions want it
        return modulate(y.contiguous(memory_format=torch.channels_last) if lies_last(x) else y, scale, shift, slope)


class ClassAdaptiveNorm(_TableNorm):
    """CLADE (Tan et al. 2021): ``norm(x) * gamma[class] + beta[class]``, from tables that are learned.

    With a boundary map, ``weight * boundary + bias`` is one channel more of the result. With positions, gamma and beta
    are each multiplied by ``1 + weight · position + bias`` (intra-class positional encoding, ICPE).

    Args:
        channels: channels C of what is normalised.
        num_classes: classes N.
        norm: ``'batch'`` or ``'instance'``, without parameters of its own.
        boundary: whether it reads a boundary map.
        positions: whether it reads positions.

    Attributes:
        out_channels: channels of the result, C or C + 1.
    """

    def __init__(self, channels: int, num_classes: int, norm: str, boundary: bool = False, positions: bool = False):
        super().__init__(channels, norm)
        self.out_channels = channels + boundary
        self.gamma = nn.Parameter(torch.rand(num_classes, channels))
        self.beta = nn.Parameter(torch.zeros(num_classes, channels))
        # no convolutions: spectral norm of all layers would make constants of them
        self.boundary = nn.Parameter(torch.tensor([1.0, 0.0])) if boundary else None
        self.position_gamma = nn.Parameter(torch.zeros(3)) if positions else None
        self.position_beta = nn.Parameter(torch.zeros(3)) if positions else None

    def forward(self, x: Tensor, maps: ClassMaps, slope: float = 1.) -> Tensor:
        """``(B, C, H, W)`` and maps of the same size to ``(B, out_channels, H, W)``; slope 1 is no activation."""
        last = lies_last(x)
        # 1 is taken off a few rows, where the norm adds it to all pixels
        gamma, beta = (spread(table.to(x.dtype), maps.label, last) for table in (self.gamma - 1, self.beta))
        if self.position_gamma is not None and self.position_beta is not None and maps.positions is not None:
            factor = _weighed(maps.positions, self.position_gamma)
            gamma = gamma + (gamma + 1) * factor.to(x.dtype)
            beta = beta * (1 + _weighed(maps.positions, self.position_beta)).to(x.dtype)
        y = self._modulated(x, gamma, beta, slope)
        if self.boundary is None or maps.boundary is None:
            return y
        boundary = F.leaky_relu(maps.boundary * self.boundary[0] + self.boundary[1], slope)
        return torch.cat([y, boundary.to(y.dtype)], dim=1)


class InstanceAdaptiveNorm(_TableNorm):
    """INADE (Tan et al. 2021): scale and shift of an object are affine in its noise, by weights of its class.

    ``scale = weight[0, c] * linear(noise[0]) + bias[0, c]`` and ``shift = weight[1, c] * linear(noise[1]) +
    bias[1, c]``, where both share the linear layer.

    Args:
        channels: channels C of what is normalised.
        num_classes: classes N.
        norm: ``'batch'`` or ``'instance'``, without parameters of its own.
        noise_channels: length Z of each of an object's two vectors.

    Attributes:
        out_channels: channels of the result, C.
    """

    def __init__(self, channels: int, num_classes: int, norm: str, noise_channels: int = 64):
        super().__init__(channels, norm)
        self.out_channels = channels
        self.weight = nn.Parameter(torch.rand(2, num_classes, channels))
        self.bias = nn.Parameter(torch.stack([torch.rand(num_classes, channels), torch.zeros(num_classes, channels)]))
        self.linear = nn.Linear(noise_channels, channels)

    def forward(self, x: Tensor, maps: ObjectMaps, slope: float = 1.) -> Tensor:
        """``(B, C, H, W)`` and maps of the same size to ``(B, C, H, W)``; slope 1 is no activation."""
        noise = self.linear(maps.noise).to(self.weight.dtype)
        rows = [F.embedding(maps.classes, weight) * noise[:, :, number] + F.embedding(maps.classes, bias)
                for number, (weight, bias) in enumerate(zip(self.weight, self.bias, strict=True))]
        last = lies_last(x)
        scale, shift = (spread(table.to(x.dtype), maps.rows, last) for table in (rows[0] - 1, rows[1]))
        return self._modulated(x, scale, shift, slope)


def _weighed(positions: Tensor, weights: Tensor) -> Tensor:
    """A 1x1 convolution of two channels to one, ``(B, 1, H, W)``."""
    return positions[:, :1] * weights[0] + positions[:, 1:] * weights[1] + weights[2]

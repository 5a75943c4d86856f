"""The parts of EdgeGuidedHead (ECGAN, 3.1 to 3.3)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from semsynth.layers.class_convolution import ClassConvolution
from semsynth.layout import Layout
from semsynth.ops.class_specific import class_specific_image


def attend(x: Tensor, edge: Tensor) -> Tensor:
    """Attention guided edge transfer, ``sigmoid(edge) * x + x`` (ECGAN, eq. 1), on features or on images: both
    ``(B, C, H, W)``."""
    return torch.sigmoid(edge) * x + x


def reweight(classes: Tensor) -> Tensor:
    """Each class channel of ``(B, N, H, W)`` with its own share on top, ``sigmoid(mean(Fc)) * Fc + Fc`` (ECGAN, eq. 2;
    the mean is over the pixels of an image)."""
    return classes * torch.sigmoid(F.adaptive_avg_pool2d(classes, 1)) + classes


def _convolution(in_channels: int, out_channels: int) -> nn.Conv2d:
    return nn.Conv2d(in_channels, out_channels, 3, padding=1)


def _activate(x: Tensor) -> Tensor:
    return F.leaky_relu(x, 0.2)


class Branch(nn.Module):
    """Edge generator Ge or image generator Gi: n convolutions, then one to three channels with tanh (ECGAN, 3.1).

    Args:
        channels: channels C of the features and of every level.
        num_layers: number n of levels.
    """

    def __init__(self, channels: int, num_layers: int):
        super().__init__()
        self.levels = nn.ModuleList(_convolution(channels, channels) for _ in range(num_layers))
        self.last = _convolution(channels, 3)

    def forward(self, features: Tensor, guides: Sequence[Tensor] | None = None) -> tuple[Tensor, list[Tensor]]:
        """Features ``(B, C, H, W)``, and perhaps the other branch's levels to attend to, to an image and the levels.

        Returns:
            ``(B, 3, H, W)`` float32 in ``[-1, 1]``, and n maps ``(B, C, H, W)`` as they are before an activation.
        """
        levels = []
        for j, convolution in enumerate(self.levels):
            features = convolution(_activate(features))
            if guides is not None:
                features = attend(features, guides[j])
            levels.append(features)
        return torch.tanh(self.last(_activate(features)).float()), levels


class SemanticPreserving(nn.Module):
    """Semantic preserving module Gs: class channels, scaled by how much of each there is (ECGAN, 3.2, eq. 2).

    Args:
        channels: channels of features, edge map, image and one-hot label map together, C + N + 3 + 3.
        num_classes: classes N.
    """

    def __init__(self, channels: int, num_classes: int):
        super().__init__()
        self.to_classes = _convolution(channels, num_classes)
        self.to_channels = _convolution(num_classes, channels)
        self.to_image = _convolution(channels, 3)

    def forward(self, *maps: Tensor) -> Tensor:
        """Features first, then what goes beside them, to the refined image ``(B, 3, H, W)``, float32 in ``[-1, 1]``."""
        classes = reweight(self.to_classes(torch.cat([each.to(maps[0].dtype) for each in maps], dim=1)))
        return torch.tanh(self.to_image(_activate(self.to_channels(_activate(classes)))).float())


class ClassSpecificPixels(nn.Module):
    """Class-specific pixel generation: three convolutions of its own for every class (ECGAN, 3.3, eq. 7).

    Args:
        channels: channels C of the features.
        num_classes: classes N.
    """

    def __init__(self, channels: int, num_classes: int):
        super().__init__()
        self.layers = nn.ModuleList(ClassConvolution(num_classes, channels, width) for width in (channels, channels, 3))

    def forward(self, features: Tensor, layout: Layout) -> Tensor:
        """Features ``(B, C, H, W)`` to an image ``(B, 3, H, W)``, float32 in ``[-1, 1]``, 0 on unknown pixels."""
        layers = [(layer.kernels, layer.bias) for layer in self.layers]
        return class_specific_image(features, layout.label, layers, layout.unknown)

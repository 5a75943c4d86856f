"""The parts of EdgeGuidedHead (ECGAN, 3.1 to 3.3)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from semsynth.layers.class_convolution import ClassConvolution
from semsynth.layout import Layout
from semsynth.ops.class_specific import class_specific_image, masked_class_specific_image


def attend(x: Tensor, edge: Tensor) -> Tensor:
    """Attention guided edge transfer, ``sigmoid(edge) * x + x`` (ECGAN, eq. 1), of features or of images.

    Args:
        x: ``(B, C, H, W)``.
        edge: the edge branch's features or edge map, ``(B, C, H, W)``.
    """
    return x * (1 + torch.sigmoid(edge))


def reweight(classes: Tensor) -> Tensor:
    """Scale each class channel by its mean over the image, ``sigmoid(mean(Fc)) * Fc + Fc`` (ECGAN, eq. 2).

    Args:
        classes: class channels F_c, ``(B, N, H, W)``.
    """
    return classes * (1 + torch.sigmoid(F.adaptive_avg_pool2d(classes, 1)))


def _convolution(in_channels: int, out_channels: int) -> nn.Conv2d:
    return nn.Conv2d(in_channels, out_channels, 3, padding=1)


def _activate(x: Tensor) -> Tensor:
    return F.leaky_relu(x, 0.2)


class Branch(nn.Module):
    """Edge generator Ge or image generator Gi: n convolutions, then one to three channels and tanh (ECGAN, 3.1).

    Args:
        channels: channels C of the features and of every level.
        num_layers: number n of levels.
    """

    def __init__(self, channels: int, num_layers: int):
        super().__init__()
        self.levels = nn.ModuleList(_convolution(channels, channels) for _ in range(num_layers))
        self.last = _convolution(channels, 3)

    def forward(self, features: Tensor, guides: Sequence[Tensor] | None = None) -> tuple[Tensor, list[Tensor]]:
        """Features to an image and the levels before it.

        Args:
            features: ``(B, C, H, W)``.
            guides: levels of the edge branch, that this branch attends to; None for no transfer.

        Returns:
            The image, ``(B, 3, H, W)`` float32 in ``[-1, 1]``, and n maps ``(B, C, H, W)``, before their activation.
        """
        levels = []
        for j, convolution in enumerate(self.levels):
            features = convolution(_activate(features))
            if guides is not None:
                features = attend(features, guides[j])
            levels.append(features)
        return torch.tanh(self.last(_activate(features)).float()), levels


class SemanticPreserving(nn.Module):
    """Semantic preserving module Gs: class channels, each scaled by its mean, to a refined image (ECGAN, 3.2, eq. 2).

    Args:
        channels: channels of features, edge map, image and one-hot label map together, C + N + 3 + 3.
        num_classes: classes N.
    """

    def __init__(self, channels: int, num_classes: int):
        super().__init__()
        self.to_classes = _convolution(channels, num_classes)
        self.to_channels = _convolution(num_classes, channels)
        self.to_image = _convolution(channels, 3)

    def class_channels(self, *maps: Tensor) -> Tensor:
        """The enhanced class features F_c' of eq. 2, ``(B, N, H, W)``.

        Args:
            maps: the features, then the edge map where there is one, the image and the one-hot label map.
        """
        features, *others = maps
        if any(each.dtype != features.dtype for each in others):
            others = [torch.cat(others, dim=1).to(features.dtype)]
        return reweight(self.to_classes(torch.cat([features, *others], dim=1)))

    def forward(self, *maps: Tensor) -> Tensor:
        """The refined image ``(B, 3, H, W)``, float32 in ``[-1, 1]``, of the maps that ``class_channels`` reads."""
        classes = self.class_channels(*maps)
        return torch.tanh(self.to_image(_activate(self.to_channels(_activate(classes)))).float())


class ClassSpecificPixels(nn.Module):
    """Class-specific pixel generation: every class has three convolutions of its own (ECGAN, 3.3, eq. 7).

    Args:
        channels: channels C of the features.
        num_classes: classes N.
    """

    def __init__(self, channels: int, num_classes: int):
        super().__init__()
        self.layers = nn.ModuleList(ClassConvolution(num_classes, channels, width) for width in (channels, channels, 3))
        self.fixed_shapes = False  # whether every class's convolutions run over the whole image

    def forward(self, features: Tensor, layout: Layout) -> Tensor:
        """Features ``(B, C, H, W)`` to an image ``(B, 3, H, W)``, float32 in ``[-1, 1]``, 0 on unknown pixels."""
        layers = [(layer.kernels, layer.bias) for layer in cast(list[ClassConvolution], list(self.layers))]
        compute = masked_class_specific_image if self.fixed_shapes else class_specific_image
        return compute(features, layout.label, layers, layout.unknown)

"""LinearHead: features to one image, without tanh."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from semsynth.heads.base import Head, View
from semsynth.layout import Layout
from semsynth.registry import HEADS


@HEADS.register_module()
class LinearHead(Head):
    """Leaky ReLU and 1x1 convolution (CRN's last layer); one output, ``'image'``.

    The image is not bounded: losses read values outside of ``[-1, 1]`` as they are, saved pictures are clipped.

    Args:
        in_channels: channels C of the features; filled in by the generator.
        out_channels: 3, or 1 for gray images, as of ``RGBHead``.

    Raises:
        ValueError: ``out_channels`` is neither 3 nor 1.
    """

    def __init__(self, in_channels: int, out_channels: int = 3):
        if out_channels not in (1, 3):
            raise ValueError(f'LinearHead: out_channels={out_channels}, expected 3 (RGB) or 1 (gray).')
        super().__init__(in_channels, outputs=('image',), views=dict(image=View()), must_be_read=('image',))
        self.image_channels = out_channels
        self.convolution = nn.Conv2d(in_channels, out_channels, 1)

    def forward(self, features: Tensor, layout: Layout) -> dict[str, Tensor]:
        """Features ``(B, C, H, W)`` to ``{'image': (B, out_channels, H, W)}``, float32, any values."""
        return dict(image=self.convolution(F.leaky_relu(features, 0.2)).float())

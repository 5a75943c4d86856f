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

    Nothing bounds the image: losses read its values outside of ``[-1, 1]`` as they are, pictures are cut.

    Args:
        in_channels: channels C of the features; filled in by the generator.
    """

    def __init__(self, in_channels: int):
        super().__init__(in_channels, outputs=('image',), views=dict(image=View()), must_be_read=('image',))
        self.convolution = nn.Conv2d(in_channels, 3, 1)

    def forward(self, features: Tensor, layout: Layout) -> dict[str, Tensor]:
        """Features ``(B, C, H, W)`` to ``{'image': (B, 3, H, W)}``, float32, any values."""
        return dict(image=self.convolution(F.leaky_relu(features, 0.2)).float())

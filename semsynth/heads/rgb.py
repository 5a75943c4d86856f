"""RGBHead: features to one image."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from semsynth.heads.base import Head, View
from semsynth.layout import Layout
from semsynth.registry import HEADS


@HEADS.register_module()
class RGBHead(Head):
    """Leaky ReLU, one convolution, tanh; one output, ``'image'``.

    As it stands it is pix2pixHD's c7s1-3 (whose features come from a ReLU, which the leaky ReLU leaves as they are);
    with ``kernel_size=3, padding_mode='zeros'`` it is SPADE's.

    Args:
        in_channels: channels C of the features; filled in by the generator.
        kernel_size: size of the convolution, odd.
        padding_mode: as torch names it: ``'reflect'``, ``'zeros'`` or ``'replicate'``.
    """

    def __init__(self, in_channels: int, kernel_size: int = 7, padding_mode: str = 'reflect'):
        super().__init__(in_channels, outputs=('image',), views=dict(image=View()), must_be_read=('image',))
        self.convolution = nn.Conv2d(in_channels, 3, kernel_size, padding=kernel_size // 2, padding_mode=padding_mode)

    def forward(self, features: Tensor, layout: Layout) -> dict[str, Tensor]:
        """Features ``(B, C, H, W)`` to ``{'image': (B, 3, H, W)}`` in ``[-1, 1]``, float32."""
        return dict(image=torch.tanh(self.convolution(F.leaky_relu(features, 0.2)).float()))

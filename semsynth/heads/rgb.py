"""RGBHead: features to one image."""

from __future__ import annotations

from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from semsynth.heads.base import Head, View
from semsynth.layout import Layout
from semsynth.registry import HEADS


@HEADS.register_module()
class RGBHead(Head):
    """Leaky ReLU, one convolution, tanh; one output, ``'image'``.

    The defaults are pix2pixHD's last layer, c7s1-3; its features come from a ReLU, and the leaky ReLU does not change
    them. With ``kernel_size=3, padding_mode='zeros'`` it is SPADE's last layer.

    Args:
        in_channels: channels C of the features; filled in by the generator.
        out_channels: 3, or 1 for gray images: real images are then converted to gray, and networks that losses use
            read them as RGB.
        kernel_size: size of the convolution, odd.
        padding_mode: as torch names it: ``'reflect'``, ``'zeros'`` or ``'replicate'``.

    Raises:
        ValueError: ``out_channels`` is neither 3 nor 1, or ``kernel_size`` is even.
    """

    def __init__(self, in_channels: int, out_channels: int = 3, kernel_size: int = 7,
                 padding_mode: Literal['zeros', 'reflect', 'replicate', 'circular'] = 'reflect'):
        if out_channels not in (1, 3):
            raise ValueError(f'RGBHead: out_channels={out_channels}, expected 3 (RGB) or 1 (gray).')
        if kernel_size % 2 == 0:
            raise ValueError(f'RGBHead: kernel_size={kernel_size}, expected an odd number; an even one makes images of '
                             'another size than the layout.')
        super().__init__(in_channels, outputs=('image',), views=dict(image=View()), must_be_read=('image',))
        self.image_channels = out_channels
        self.convolution = nn.Conv2d(in_channels, out_channels, kernel_size, padding=kernel_size // 2,
                                     padding_mode=padding_mode)

    def forward(self, features: Tensor, layout: Layout) -> dict[str, Tensor]:
        """Features ``(B, C, H, W)`` to ``{'image': (B, out_channels, H, W)}`` in ``[-1, 1]``, float32."""
        return dict(image=torch.tanh(self.convolution(F.leaky_relu(features, 0.2)).float()))

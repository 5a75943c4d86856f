"""InstanceFeatureEncoder: the look of each instance of a photo, in a few numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from semsynth.encoders.base import Encoder
from semsynth.layers.init import init_normal
from semsynth.layers.residual import residual_network
from semsynth.layout import Layout
from semsynth.ops import instance_mean
from semsynth.registry import ENCODERS

if TYPE_CHECKING:
    from semsynth.parts import Parts


@ENCODERS.register_module()
class InstanceFeatureEncoder(Encoder):
    """pix2pixHD's E (3.4): an encoder-decoder network, then instance-wise average pooling.

    c7s1-16, d32..d256, u128..u16, c7s1-3 with tanh. Where a layout has no instance map it pools over each class.

    Args:
        in_channels: channels of the photo; 1 where the head makes gray images.
        out_channels: numbers per instance, which are channels F of the style.
        base_channels: width of the first and the last layer.
        num_downsamples: times that the size is halved and the width doubled.
        classes: indices of the classes that get a style, cars for example; the style is 0 on all others, whose look is
            left to a latent. By default all classes do.
    """

    styled: Tensor | None

    def __init__(self, in_channels: int = 3, out_channels: int = 3, base_channels: int = 16, num_downsamples: int = 4,
                 classes: Sequence[int] | None = None):
        super().__init__()
        self.in_channels, self.style_channels = in_channels, out_channels
        self.size_divisor = 2**num_downsamples
        self.network = residual_network(in_channels, base_channels, num_downsamples, num_blocks=0)
        self.convolution = nn.Conv2d(base_channels, out_channels, 7, padding=3, padding_mode='reflect')
        self.classes = None if classes is None else tuple(classes)
        self.register_buffer('styled', None if classes is None else torch.tensor(self.classes), persistent=False)
        init_normal(self)

    def check(self, parts: Parts) -> None:
        """Raise ValueError also where ``classes`` names an index that the model does not have."""
        super().check(parts)
        if self.classes is not None and not all(0 <= index < parts.num_classes for index in self.classes):
            raise ValueError(f'encoder: InstanceFeatureEncoder has classes={list(self.classes)}, but the model has '
                             f'{parts.num_classes} classes: use indices from 0 to {parts.num_classes - 1}.')

    def forward(self, layout: Layout, image: Tensor) -> Layout:
        """The layout with the style of a photo, ``(B, in_channels, H, W)`` in ``[-1, 1]``.

        Returns:
            The layout; its style ``(B, F, H, W)`` is in ``[-1, 1]`` and constant on each object.
        """
        features = torch.tanh(self.convolution(self.network(image)).float())
        style = instance_mean(features, layout.objects)
        if self.styled is not None:
            style = style * torch.isin(layout.label, self.styled).unsqueeze(1)
        return layout.styled(style)

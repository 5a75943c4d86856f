"""DAGANHead: DAGAN's channel and spatial attention before the image."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from semsynth.heads.base import Head, View
from semsynth.layout import Layout
from semsynth.registry import HEADS


@HEADS.register_module()
class DAGANHead(Head):
    """DAGAN's head (Tang et al., ACM MM 2020): two attentions on the features, whose sum makes the image.

    Channel attention: means over the image, 1x1 convolution, ReLU, 1x1 convolution and sigmoid give one gate for each
    channel, and the gated features are added to the features. Spatial attention: mean and maximum over the channels,
    3x3 convolution and sigmoid give one gate for each pixel. Then SPADE's last layers: leaky ReLU, 3x3 convolution,
    tanh. One output, ``'image'``.

    Args:
        in_channels: channels C of the features; filled in by the generator.
        hidden_channels: channels between the two 1x1 convolutions; C by default.
        channel: the channel attention.
        spatial: the spatial attention.

    Raises:
        ValueError: both attentions are off.
    """

    def __init__(self, in_channels: int, hidden_channels: int | None = None, channel: bool = True,
                 spatial: bool = True):
        if not channel and not spatial:
            raise ValueError('DAGANHead: channel=False and spatial=False leave no attention; use RGBHead.')
        super().__init__(in_channels, outputs=('image',), views=dict(image=View()), must_be_read=('image',))
        hidden = hidden_channels or in_channels
        self.channel = nn.Sequential(
            nn.Conv2d(in_channels, hidden, 1), nn.ReLU(), nn.Conv2d(hidden, in_channels, 1)) if channel else None
        self.spatial = nn.Conv2d(2, 1, 3, padding=1) if spatial else None
        self.convolution = nn.Conv2d(in_channels, 3, 3, padding=1)

    @property
    def weight_captions(self) -> dict[str, str]:
        """Of the gates of pixels, where there is spatial attention."""
        return {} if self.spatial is None else dict(spatial_attention='spatial attention')

    @property
    def switched_off(self) -> list[str]:
        """The spatial attention, where there is none."""
        return ['spatial attention (spatial=False)'] if self.spatial is None else []

    def forward(self, features: Tensor, layout: Layout) -> dict[str, Tensor]:
        """Features ``(B, C, H, W)`` to ``{'image': (B, 3, H, W)}`` in ``[-1, 1]``, float32."""
        gates = _spatial_gates(self.spatial, features) if self.spatial is not None else 0
        if self.channel is not None:  # x * g_spatial + (x + x * g_channel), in one product
            gates = gates + 1 + torch.sigmoid(self.channel(F.adaptive_avg_pool2d(features, 1)))
        return dict(image=torch.tanh(self.convolution(F.leaky_relu(features * gates, 0.2)).float()))

    def inner_values(self, features: Tensor, layout: Layout) -> dict[str, Tensor | list[Tensor]]:
        """The gate of each pixel, ``(B, 1, H, W)``, where there is spatial attention."""
        return {} if self.spatial is None else dict(spatial_attention=_spatial_gates(self.spatial, features))


def _spatial_gates(convolution: nn.Conv2d, features: Tensor) -> Tensor:
    """One for each pixel, ``(B, 1, H, W)`` in 0..1."""
    maps = [features.mean(1, keepdim=True), features.amax(1, keepdim=True)]
    return torch.sigmoid(convolution(torch.cat(maps, dim=1)))

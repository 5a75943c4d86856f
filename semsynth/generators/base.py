"""What every generator is: features, then a head."""

from __future__ import annotations

from torch import Tensor, nn

from semsynth.layout import Layout
from semsynth.registry import HEADS


class Generator(nn.Module):
    """Layout in, named images out: ``head(features(layout), layout)``.

    Args:
        in_channels: channels of the condition that it reads.
        feature_channels: channels C of its features.
        size_divisor: height and width of a layout must be multiples of it.
        head: config of the head, which gets ``feature_channels`` as its ``in_channels``.
    """

    def __init__(self, in_channels: int, feature_channels: int, size_divisor: int, head: dict):
        super().__init__()
        self.in_channels = in_channels
        self.feature_channels = feature_channels
        self.size_divisor = size_divisor
        self.head = HEADS.build(head, default_args=dict(in_channels=feature_channels))

    def features(self, layout: Layout) -> Tensor:
        """Features at the layout's size, ``(B, feature_channels, H, W)``."""
        raise NotImplementedError

    def forward(self, layout: Layout) -> dict[str, Tensor]:
        """The head's outputs by name; images ``(B, 3, H, W)`` in ``[-1, 1]``, ``'image'`` the final one."""
        return self.head(self.features(layout), layout)

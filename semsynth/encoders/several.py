"""Several encoders as one: say, a style of each object and a latent of the whole photo."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import cast

from torch import Tensor, nn

from semsynth.encoders.base import Encoder
from semsynth.layout import Layout
from semsynth.registry import ENCODERS


class SeveralEncoders(Encoder):
    """Several encoders, each of which adds to the layout of the one before.

    Args:
        networks: the encoders; at most one makes styles, and at most one latents.

    Raises:
        ValueError: two make styles, or two make latents.
    """

    def __init__(self, networks: Sequence[Encoder]):
        super().__init__()
        self.networks = nn.ModuleList(networks)
        self.size_divisor = math.lcm(*(network.size_divisor for network in networks))
        styling = [network for network in networks if network.style_channels]
        coding = [network for network in networks if network.latent_dim]
        for made, makers in dict(styles=styling, latents=coding).items():
            if len(makers) > 1:
                names = ' and '.join(type(network).__name__ for network in makers)
                raise ValueError(f'encoder: {names} both make {made}, of which a layout has one; keep one of them.')
        self.style_channels = sum(network.style_channels for network in styling)
        self.latent_dim = coding[0].latent_dim if coding else None

    def forward(self, layout: Layout, image: Tensor) -> Layout:
        """The layout with what each encoder takes from a photo ``(B, C, H, W)`` in ``[-1, 1]``."""
        for network in self.networks:
            layout = network(layout, image)
        return layout

    def encode(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log-variance, ``(B, Z)`` float32 each, by the encoder that makes latents."""
        return next(network for network in self.members if network.latent_dim).encode(image)

    @property
    def members(self) -> tuple[Encoder, ...]:
        """The single encoders."""
        return tuple(cast(Iterable[Encoder], self.networks))


def build_encoder(config: dict | Sequence[dict]) -> Encoder:
    """An encoder; of a list of configs one that applies them in this order.

    A single one's weights are called ``encoder.NAME``, those of several ``encoder.networks.0.NAME``, and so on.
    """
    if isinstance(config, dict):
        return ENCODERS.build(config)
    networks = [ENCODERS.build(each) for each in config]
    return networks[0] if len(networks) == 1 else SeveralEncoders(networks)

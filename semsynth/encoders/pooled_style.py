"""PooledStyleEncoder: the colours and textures of a whole photo as one latent, wherever they are."""

from __future__ import annotations

from itertools import pairwise

from torch import Tensor, nn

from semsynth.encoders.style import StyleEncoder, resized
from semsynth.layers.init import init_xavier
from semsynth.layers.norm import GroupNorm
from semsynth.layers.spectral import spectral_norm
from semsynth.registry import ENCODERS

NARROW = -4.0
"""The log-variance that posteriors begin with."""


@ENCODERS.register_module()
class PooledStyleEncoder(StyleEncoder):
    """A style encoder for short trainings, of our own design: its latent tells the weather from the start.

    SPADE's encoder hides a photo's colours by instance norm, and tells at first where things are, which the layout
    knows already. This one has three convolutions with layer norm, and averages their features over the photo. Its
    posterior is narrow at first, so that the generator learns to read the latent before it learns to ignore it.

    Args:
        base_channels: width of the first convolution.
        latent_dim: numbers Z of the latent.
        in_channels: channels of the photo; 1 where the head makes gray images.
    """

    def _build(self, base_channels: int, latent_dim: int, in_channels: int) -> None:
        widths = [in_channels, base_channels, 2 * base_channels, 4 * base_channels]
        self.layers = nn.Sequential(*(
            nn.Sequential(nn.Conv2d(before, after, 3, stride=2, padding=1, bias=False), GroupNorm(1, after),
                          nn.LeakyReLU(0.2))
            for before, after in pairwise(widths)))
        self.mean = nn.Linear(widths[-1], latent_dim)
        self.log_variance = nn.Linear(widths[-1], latent_dim)
        init_xavier(self, gain=2.0)
        nn.init.zeros_(self.log_variance.weight)
        nn.init.constant_(self.log_variance.bias, NARROW)
        spectral_norm(self.layers)

    def encode(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log-variance, ``(B, Z)`` float32 each, of a photo's latent."""
        features = self.layers(resized(image)).mean((2, 3))
        return self.mean(features).float(), self.log_variance(features).float()

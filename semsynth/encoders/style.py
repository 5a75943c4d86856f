"""StyleEncoder: the look of a whole photo as one latent."""

from __future__ import annotations

from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from semsynth.encoders.base import Encoder
from semsynth.layers.init import init_xavier
from semsynth.layers.norm import InstanceNorm
from semsynth.layers.spectral import spectral_norm
from semsynth.layout import Layout
from semsynth.registry import ENCODERS

SIZE = (256, 256)
WIDTHS = (1, 2, 4, 8, 8, 8)


def draw_latent(mean: Tensor, log_variance: Tensor, noise: Tensor | None = None) -> Tensor:
    """A latent from N(mean, exp(log_variance)), through which gradients flow to both.

    Args:
        mean: ``(B, Z)``.
        log_variance: ``(B, Z)``.
        noise: ``(B, Z)`` numbers from N(0, I); by default torch draws them.

    Returns:
        ``(B, Z)``.
    """
    return mean + torch.exp(log_variance / 2) * (torch.randn_like(mean) if noise is None else noise)


def resized(image: Tensor) -> Tensor:
    """Photos ``(B, C, H, W)`` at the size that style encoders read, 256x256."""
    if tuple(image.shape[-2:]) == SIZE:
        return image
    return F.interpolate(image, SIZE, mode='bilinear', align_corners=False)


@ENCODERS.register_module()
class StyleEncoder(Encoder):
    """SPADE's image encoder (Park et al. 2019, figure 14), ECGAN's style encoder (appendix C).

    Any photo is resized to 256x256, then halved six times by convolutions with spectral and instance norm; two linear
    layers make the mean and the log-variance of the latent's posterior.

    Args:
        base_channels: width of the first convolution.
        latent_dim: numbers Z of the latent.
        in_channels: channels of the photo; 1 where the head makes gray images.
    """

    def __init__(self, base_channels: int = 64, latent_dim: int = 256, in_channels: int = 3):
        super().__init__()
        self.in_channels, self.latent_dim = in_channels, latent_dim
        self._build(base_channels, latent_dim, in_channels)

    def _build(self, base_channels: int, latent_dim: int, in_channels: int) -> None:
        widths = [in_channels, *(base_channels * factor for factor in WIDTHS)]
        self.layers = nn.Sequential(*(
            nn.Sequential(nn.Conv2d(before, after, 3, stride=2, padding=1, bias=False), InstanceNorm(after),
                          nn.LeakyReLU(0.2))
            for before, after in pairwise(widths)))
        pixels = SIZE[0] * SIZE[1] // 4**len(WIDTHS)
        self.mean = nn.Linear(widths[-1] * pixels, latent_dim)
        self.log_variance = nn.Linear(widths[-1] * pixels, latent_dim)
        init_xavier(self)
        spectral_norm(self.layers)

    def forward(self, layout: Layout, image: Tensor, noise: Tensor | None = None) -> Layout:
        """The layout with the latent of a photo.

        Args:
            layout: a batch of layouts.
            image: ``(B, in_channels, H, W)`` in ``[-1, 1]``, of any size.
            noise: as of ``draw_latent``.

        Returns:
            The layout. Its ``posterior`` is the mean and the log-variance, ``(B, Z)`` each; its ``latent`` is drawn
            from that in training or with given noise, and is the mean otherwise.
        """
        mean, log_variance = self.encode(image)
        draws = self.training or noise is not None
        latent = draw_latent(mean, log_variance, noise) if draws else mean
        return layout.with_latent(latent, (mean, log_variance))

    def encode(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log-variance, ``(B, Z)`` float32 each, of a photo's latent."""
        features = self.layers(resized(image)).flatten(1)
        return self.mean(features).float(), self.log_variance(features).float()

"""ObjectNoiseEncoder: the look of every object of a photo as noise of its own (INADE)."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from semsynth.encoders.base import Encoder
from semsynth.encoders.style import draw_latent
from semsynth.layers.init import init_xavier
from semsynth.layers.residual import upsample
from semsynth.layers.spectral import spectral_norm
from semsynth.layers.tables import sums
from semsynth.layout import Layout
from semsynth.ops.object_convolution import object_convolution
from semsynth.ops.objects import object_rows
from semsynth.registry import ENCODERS

DOWN, UP = (1, 2, 4, 8), (4, 2, 1, 1)


@ENCODERS.register_module()
class ObjectNoiseEncoder(Encoder):
    """INADE's encoder (Tan et al. 2021): convolutions that never mix objects, then a mean over each object.

    Four convolutions halve the size, four more follow a doubling each; every one sees only neighbours of the pixel's
    own object (``object_convolution``) and has spectral norm and a leaky ReLU. Two linear layers make mean and
    log-variance of an object's noise from the mean of its features. Rows of the latent that no object has, and the
    numbers that the small map is made from, are left to N(0, I): they have mean 0 and log-variance 0.

    Args:
        base_channels: width of the first and the last convolution.
        latent_dim: numbers of the latent before the objects' noise, as the generator's ``latent_dim``; None for none.
        noise_channels: length of each of an object's two vectors, as the generator's.
        max_objects: rows of noise, as the generator's.
        in_channels: channels of the photo; 1 where the head makes gray images.
    """

    def __init__(self, base_channels: int = 64, latent_dim: int | None = 256, noise_channels: int = 64,
                 max_objects: int = 127, in_channels: int = 3):
        super().__init__()
        self.in_channels, self.size_divisor = in_channels, 2**len(DOWN)
        self.code_dim, self.max_objects = latent_dim or 0, max_objects
        self.latent_dim = self.code_dim + max_objects * 2 * noise_channels
        widths = [in_channels, *(base_channels * factor for factor in DOWN + UP)]
        self.layers = nn.ModuleList(nn.Conv2d(before, after, 3) for before, after in pairwise(widths))
        self.mean = nn.Linear(widths[-1], 2 * noise_channels)
        self.log_variance = nn.Linear(widths[-1], 2 * noise_channels)
        # at a gain of 0.02, as elsewhere, the first steps would change the weights as a whole, and make a kernel's nine
        # taps alike: spectral norm, which alone holds the features, lets each such layer make them 3 times as large
        init_xavier(self, gain=1.0)
        spectral_norm(self.layers)

    def forward(self, layout: Layout, image: Tensor, noise: Tensor | None = None) -> Layout:
        """The layout with the latent of a photo.

        Args:
            layout: a batch of layouts.
            image: ``(B, in_channels, H, W)`` in ``[-1, 1]``, of the layouts' size.
            noise: as of ``draw_latent``.

        Returns:
            The layout. Its ``posterior`` is the mean and the log-variance, ``(B, latent_dim)`` each; its ``latent`` is
            drawn from that in training or with given noise, and is the mean otherwise.
        """
        found = object_rows(layout.objects, layout.label, layout.num_classes, self.max_objects)
        features = self._features(image, found.rows)
        ones = torch.ones_like(features[:, :1])
        means = sums(features, found.rows, self.max_objects) / sums(ones, found.rows, self.max_objects).clamp(min=1)
        mean, log_variance = (self._whole(values * found.present.unsqueeze(2)) for values in self._posterior(means))
        draws = self.training or noise is not None
        latent = draw_latent(mean, log_variance, noise) if draws else mean
        return layout.with_latent(latent, (mean, log_variance))

    def encode(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log-variance, ``(B, latent_dim)`` float32 each, of a photo without its layout.

        The whole photo is one object, and every row has its noise.
        """
        sides = [-(-side // self.size_divisor) * self.size_divisor for side in image.shape[-2:]]
        image = F.interpolate(image, sides, mode='bilinear') if sides != list(image.shape[-2:]) else image
        nowhere = torch.zeros_like(image[:, 0], dtype=torch.long)
        means = self._features(image, nowhere).mean((2, 3)).unsqueeze(1)
        mean, log_variance = (self._whole(values.expand(-1, self.max_objects, -1)) for values in self._posterior(means))
        return mean, log_variance

    def _features(self, image: Tensor, objects: Tensor) -> Tensor:
        """``(B, base_channels, H, W)`` float32."""
        sizes, x = [objects], image
        for number, layer in enumerate(cast(Iterable[nn.Conv2d], self.layers)):
            halves = number < len(DOWN)
            if halves:
                sizes.append(sizes[-1][:, ::2, ::2])
                seen = sizes[-2]
            else:
                x, seen = upsample(x), sizes[2 * len(DOWN) - 1 - number]
            # 9 copies of x are not kept for the backward pass, but made again
            arguments = x, seen, layer.weight, layer.bias, 1 + halves
            x = (checkpoint(object_convolution, *arguments, use_reentrant=False, preserve_rng_state=False)
                 if torch.is_grad_enabled() else object_convolution(*arguments))
            x = F.leaky_relu(x, 0.2)
        return x.float()

    def _posterior(self, means: Tensor) -> tuple[Tensor, Tensor]:
        """Of means of features, ``(B, R, base_channels)``, the noise's mean and log-variance, ``(B, R, 2Z)`` each."""
        return self.mean(means).float(), self.log_variance(means).float()

    def _whole(self, values: Tensor) -> Tensor:
        """Rows of noise as a latent, after as many zeros as it has other numbers."""
        return F.pad(values.flatten(1), (self.code_dim, 0))

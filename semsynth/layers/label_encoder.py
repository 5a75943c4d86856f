"""LabelEncoder: the full-resolution layout as features of every size, with noise by cross-attention (DP-SIMS)."""

from __future__ import annotations

from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from semsynth.layers.norm import GroupNorm
from semsynth.layers.residual import upsample

LARGEST_FACTOR = 8


class NoiseAttention(nn.Module):
    """Adds to every pixel what it asks of a few tokens of noise: multi-head cross-attention, with a residual.

    Args:
        channels: of the features, a multiple of ``num_heads``.
        token_channels: of the tokens.
        num_heads: heads of the attention.
    """

    def __init__(self, channels: int, token_channels: int, num_heads: int):
        super().__init__()
        self.num_heads = num_heads
        self.norm = GroupNorm(1, channels)
        self.query = nn.Conv2d(channels, channels, 1)
        self.key_value = nn.Linear(token_channels, 2 * channels)
        self.out = nn.Conv2d(channels, channels, 1)

    def forward(self, x: Tensor, tokens: Tensor) -> Tensor:
        """``(B, channels, H, W)`` and ``(B, T, token_channels)`` to ``(B, channels, H, W)``."""
        query = self.query(self.norm(x)).flatten(2).unflatten(1, (self.num_heads, -1)).mT
        key, value = self.key_value(tokens).unflatten(2, (2, self.num_heads, -1)).permute(2, 0, 3, 1, 4)
        asked = F.scaled_dot_product_attention(query, key, value)
        return x + self.out(asked.mT.flatten(1, 2).unflatten(2, x.shape[2:]))


class LabelEncoder(nn.Module):
    """A convolutional network that reads the layout at full size and gives features of every size, of one width.

    Down: 3x3 convolutions of stride 2, each with a leaky ReLU, to twice the width, at most 8 times. At the coarsest
    sizes every pixel attends to tokens of noise. Up: as in a feature pyramid, 1x1 convolutions give a common width,
    what comes from the next coarser size is added, and a 3x3 convolution with a leaky ReLU follows: so the features of
    every size know the layout's details, its whole, and the noise.

    Args:
        in_channels: channels of the layout.
        out_channels: width of the features.
        base_channels: width at full size.
        num_downsamples: times that the size is halved.
        latent_dim: length Z of the latent, a multiple of ``num_tokens``; None: no noise.
        num_tokens: T parts of the latent, a token each.
        attended: number of the coarsest sizes with attention.
        num_heads: heads of the attention.
    """

    def __init__(self, in_channels: int, out_channels: int, base_channels: int, num_downsamples: int,
                 latent_dim: int | None, num_tokens: int = 8, attended: int = 2, num_heads: int = 4):
        super().__init__()
        widths = [base_channels * min(2**level, LARGEST_FACTOR) for level in range(num_downsamples + 1)]
        self.stem = nn.Conv2d(in_channels, widths[0], 3, padding=1)
        self.down = nn.ModuleList(nn.Conv2d(before, after, 3, stride=2, padding=1)
                                  for before, after in pairwise(widths))
        self.lateral = nn.ModuleList(nn.Conv2d(width, out_channels, 1) for width in widths)
        self.up = nn.ModuleList(nn.Conv2d(out_channels, out_channels, 3, padding=1) for _ in widths)
        self.num_tokens, self.attended = num_tokens, attended if latent_dim else 0
        self.attention = nn.ModuleList()
        if latent_dim:
            self.tokens = nn.Linear(latent_dim // num_tokens, widths[-1])
            self.places = nn.Parameter(torch.randn(num_tokens, widths[-1]))
            self.attention.extend(NoiseAttention(width, widths[-1], num_heads) for width in widths[-attended:])

    def forward(self, layout: Tensor, latent: Tensor | None = None) -> list[Tensor]:
        """``(B, in_channels, H, W)``, sides multiples of ``2**num_downsamples``, and ``(B, Z)``, to
        ``(B, out_channels, H / 2**k, W / 2**k)``, finest first.
        """
        levels = [F.leaky_relu(self.stem(layout), 0.2)]
        for layer in self.down:
            levels.append(F.leaky_relu(layer(levels[-1]), 0.2))
        if latent is not None:
            tokens = self.tokens(latent.unflatten(1, (self.num_tokens, -1))) + self.places
            first = len(levels) - self.attended
            levels[first:] = [attend(level, tokens) for attend, level
                              in zip(self.attention, levels[first:], strict=True)]
        features: list[Tensor] = []
        for level, lateral, up in reversed(list(zip(levels, self.lateral, self.up, strict=True))):
            x = lateral(level)
            if features:
                x = x + upsample(features[-1])
            features.append(F.leaky_relu(up(x), 0.2))
        return features[::-1]

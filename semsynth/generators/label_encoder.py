"""LabelEncoderGenerator: an image network modulated by features of the full-resolution layout (DP-SIMS style)."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn

from semsynth.errors import check_option
from semsynth.generators.base import Generator
from semsynth.layers.checkpointed import run_anew
from semsynth.layers.init import init_xavier
from semsynth.layers.label_encoder import LabelEncoder
from semsynth.layers.norm import BatchNorm, InstanceNorm, modulate
from semsynth.layers.residual import upsample
from semsynth.layers.spectral import spectral_norm
from semsynth.layout import Layout
from semsynth.registry import GENERATORS

WIDTHS = (16, 16, 16, 8, 4, 2, 1)


class FeatureNorm(nn.Module):
    """``leaky_relu(norm(x) * (1 + gamma) + beta)``, gamma and beta a convolution of the features of that size.

    Args:
        channels: channels C of what is normalised.
        feature_channels: channels of the features.
        norm: ``'batch'`` or ``'instance'``, without parameters of its own.
        kernel_size: of the convolution.
    """

    def __init__(self, channels: int, feature_channels: int, norm: str, kernel_size: int):
        super().__init__()
        self.norm = BatchNorm(channels, affine=False) if norm == 'batch' else InstanceNorm(channels)
        self.modulation = nn.Conv2d(feature_channels, 2 * channels, kernel_size, padding=kernel_size // 2)

    def forward(self, x: Tensor, features: Tensor) -> Tensor:
        """``(B, C, H, W)`` and features of the same size to ``(B, C, H, W)``."""
        gamma, beta = self.modulation(features).chunk(2, dim=1)
        if isinstance(self.norm, InstanceNorm):
            return self.norm(x, gamma, beta, 0.2)
        return modulate(self.norm(x), gamma, beta, 0.2)


class FeatureBlock(nn.Module):
    """Residual block of two (norm modulated by features, leaky ReLU, 3x3 convolution with spectral norm).

    Where the width changes, the shortcut is a 1x1 convolution.

    Args:
        in_channels: channels of the input.
        out_channels: channels of the output.
        modulation: arguments of its norms: ``feature_channels``, ``norm`` and ``kernel_size``.
    """

    def __init__(self, in_channels: int, out_channels: int, **modulation):
        super().__init__()
        self.norm_0 = FeatureNorm(in_channels, **modulation)
        self.conv_0 = nn.Conv2d(in_channels, out_channels, 3, padding=1)
        self.norm_1 = FeatureNorm(out_channels, **modulation)
        self.conv_1 = nn.Conv2d(out_channels, out_channels, 3, padding=1)
        self.conv_s = nn.Conv2d(in_channels, out_channels, 1) if in_channels != out_channels else nn.Identity()

    def forward(self, x: Tensor, features: Tensor) -> Tensor:
        """``(B, in_channels, H, W)`` and features of the same size to ``(B, out_channels, H, W)``."""
        inner = self.conv_0(self.norm_0(x, features))
        return self.conv_s(x) + self.conv_1(self.norm_1(inner, features))


@GENERATORS.register_module()
class LabelEncoderGenerator(Generator):
    """The generator that DP-SIMS describes: two networks, of which one reads the layout and the other makes the image.

    A ``LabelEncoder`` turns the layout, at full size, into features of every size, and brings in the noise by
    cross-attention. The image network begins with the coarsest of these, at 1/32 of the size. Each of its six residual
    blocks is twice the size of the one before; its norms are modulated by the encoder's features of its size.
    What the layout says is so computed once, not in every norm, as in SPADE.

    The features are those before the last activation, with which heads begin.

    Args:
        in_channels: channels of the condition that it reads.
        base_channels: width of the last block, also ``feature_channels``; the first ones are 16 times as wide.
        latent_dim: length Z of the latent, which becomes ``num_tokens`` tokens; None: each layout has one image.
        norm: ``'batch'`` (synchronised across ranks when the engine converts it) or ``'instance'``.
        hidden_channels: width of the encoder's features.
        encoder_channels: the encoder's width at full size; it doubles with each halving, up to 8 times.
        num_tokens: tokens of noise.
        modulation_kernel: size of the convolutions that make the norms' gamma and beta of the features, odd.
        max_channels: no block of the image network is wider; None for no limit.
        head: config of the head; by default leaky ReLU, 3x3 convolution and tanh.
        init_gain: of the Xavier initialisation (``init_xavier`` says what it decides).
        checkpoint_activations: as of ``SPADEGenerator``; it is for the image network.

    Raises:
        ValueError: unknown ``norm``; an even ``modulation_kernel``; a latent that does not part into its tokens; in
            forward, one of another shape.
    """

    def __init__(self, in_channels: int, base_channels: int = 64, latent_dim: int | None = 256, norm: str = 'batch',
                 hidden_channels: int = 128, encoder_channels: int = 64, num_tokens: int = 8,
                 modulation_kernel: int = 3, max_channels: int | None = None, head: dict | None = None,
                 init_gain: float = 1.0, checkpoint_activations: bool = False):
        check_option('LabelEncoderGenerator', 'norm', norm, ('batch', 'instance'))
        if latent_dim and latent_dim % num_tokens:
            raise ValueError(f'LabelEncoderGenerator: latent_dim={latent_dim} does not part into num_tokens='
                             f'{num_tokens}; make it a multiple of that.')
        if modulation_kernel % 2 == 0:
            raise ValueError(f'LabelEncoderGenerator: modulation_kernel={modulation_kernel}, expected an odd number; '
                             'an even one makes maps of another size than what they modulate.')
        widths = [min(base_channels * width, max_channels or base_channels * width) for width in WIDTHS]
        halvings = len(widths) - 2
        super().__init__(in_channels, widths[-1], 2**halvings,
                         head or dict(type='RGBHead', kernel_size=3, padding_mode='zeros'))
        self.latent_dim, self.checkpoint_activations = latent_dim, checkpoint_activations
        self.label_encoder = LabelEncoder(in_channels, hidden_channels, encoder_channels, halvings, latent_dim,
                                          num_tokens)
        self.seed = nn.Conv2d(hidden_channels, widths[0], 3, padding=1)
        modulation = dict(feature_channels=hidden_channels, norm=norm, kernel_size=modulation_kernel)
        blocks = [FeatureBlock(before, after, **modulation) for before, after in pairwise(widths)]
        self.blocks = nn.ModuleList(blocks)
        init_xavier(self, init_gain)
        for block in blocks:
            for layer in (block.conv_0, block.conv_1, block.conv_s):
                spectral_norm(layer)

    def features(self, layout: Layout) -> Tensor:
        """Features before the last activation, ``(B, feature_channels, H, W)``."""
        levels = self.label_encoder(layout.condition, self._latent(layout))
        x = self.seed(levels[-1])
        for doublings, (block, features) in enumerate(zip(self.blocks, reversed(levels), strict=True)):
            x = upsample(x) if doublings else x
            x = run_anew(block, x, features) if self.checkpoint_activations else block(x, features)
        return x

    def _latent(self, layout: Layout) -> Tensor | None:
        if not self.latent_dim:
            return None
        latent = layout.latent
        if latent is None:
            return torch.randn(len(layout), self.latent_dim, device=layout.device)
        if tuple(latent.shape[1:]) != (self.latent_dim,):
            raise ValueError(f'LabelEncoderGenerator: a latent of shape {tuple(latent.shape)} does not fit; it should '
                             f'be (B, {self.latent_dim}).')
        return latent

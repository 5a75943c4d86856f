"""SPADEGenerator: layers modulated by the layout at every size (Park et al. 2019), ECGAN's encoder E."""

from __future__ import annotations

from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from semsynth.generators.base import Generator
from semsynth.layers.init import init_xavier
from semsynth.layers.norm import spectral_norm
from semsynth.layers.spade import SPADEBlock
from semsynth.layout import Layout
from semsynth.registry import GENERATORS

UPSAMPLINGS = dict(normal=5, more=6, most=7)


@GENERATORS.register_module()
class SPADEGenerator(Generator):
    """SPADE's generator (Park et al. 2019, appendix A), ECGAN's encoder E: a small map, grown by SPADE blocks.

    Its features come before an activation: heads begin with one.

    Args:
        in_channels: channels of the condition that it reads.
        base_channels: width of the last block, also ``feature_channels`` (half of it with ``'most'``).
        norm: ``'batch'`` (synchronised across ranks when the engine converts it) or ``'instance'``.
        spectral: ``'spade'``: spectral norm on the blocks' convolutions, as SPADE's code; ``'all'``: on every layer,
            the head's included (ECGAN, appendix B).
        num_upsamples: ``'normal'``, ``'more'`` or ``'most'``: the size grows by 2**5, 2**6 or 2**7.
        hidden_channels: width inside the SPADE norms.
        latent_dim: length Z of the latent that the small map is made from; None makes it from the condition.
        image_size: height and width of the layouts; needed with a latent, whose map has a fixed size.
        head: config of the head; by default SPADE's own, leaky ReLU, 3x3 convolution and tanh.

    Raises:
        ValueError: unknown ``norm``, ``spectral`` or ``num_upsamples``; ``image_size`` absent, no multiple of the
            ``size_divisor``, or, in forward, not the layout's.
    """

    def __init__(self, in_channels: int, base_channels: int = 64, norm: str = 'batch', spectral: str = 'spade',
                 num_upsamples: str = 'normal', hidden_channels: int = 128, latent_dim: int | None = None,
                 image_size: tuple[int, int] | None = None, head: dict | None = None):
        for name, value, options in (('norm', norm, ('batch', 'instance')), ('spectral', spectral, ('spade', 'all')),
                                     ('num_upsamples', num_upsamples, tuple(UPSAMPLINGS))):
            if value not in options:
                raise ValueError(f'SPADEGenerator: {name}={value!r} is unknown; use one of {", ".join(options)}.')
        widths = [16, 16, 16, 8, 4, 2, 1] + [0.5] * (num_upsamples == 'most')
        widths = [int(base_channels * width) for width in (16, *widths)]
        divisor = 2**UPSAMPLINGS[num_upsamples]
        super().__init__(in_channels, widths[-1], divisor,
                         head or dict(type='RGBHead', kernel_size=3, padding_mode='zeros'))
        self.latent_dim, self.image_size = latent_dim, image_size and tuple(image_size)
        if latent_dim is None:
            self.seed = nn.Conv2d(in_channels, widths[0], 3, padding=1)
        else:
            self.seed = nn.Linear(latent_dim, widths[0] * self._seed_pixels())
        condition = dict(condition_channels=in_channels, hidden_channels=hidden_channels, norm=norm)
        self.blocks = nn.ModuleList(
            SPADEBlock(before, after, **condition) for before, after in pairwise(widths))
        # the first block stays at the seed's size, and with 'normal' the third at the second's
        self.grows = [False, True, num_upsamples != 'normal'] + [True] * (len(self.blocks) - 3)
        init_xavier(self)
        if spectral == 'all':
            spectral_norm(self)
        else:
            for block in self.blocks:
                block.normalise_convolutions()

    def features(self, layout: Layout) -> Tensor:
        """Features before the last activation, ``(B, feature_channels, H, W)``."""
        height, width = layout.size
        condition = layout.resize((height // self.size_divisor, width // self.size_divisor))
        x = self.seed(condition) if self.latent_dim is None else self._map_latent(layout, condition)
        for block, grows in zip(self.blocks, self.grows, strict=True):
            if grows:
                x = F.interpolate(x, scale_factor=2, mode='nearest')
                condition = layout.resize(tuple(x.shape[-2:]))
            x = block(x, condition)
        return x

    def _map_latent(self, layout: Layout, condition: Tensor) -> Tensor:
        if layout.size != self.image_size:
            raise ValueError(f'SPADEGenerator: the layout is {layout.size[0]}x{layout.size[1]}, but with a latent '
                             f'every layout must have image_size={self.image_size}.')
        latent = layout.latent
        if latent is None:
            latent = torch.randn(len(layout), self.latent_dim, device=layout.device)
        return self.seed(latent).unflatten(1, (-1, *condition.shape[-2:]))

    def _seed_pixels(self) -> int:
        if self.image_size is None or any(side % self.size_divisor for side in self.image_size):
            raise ValueError(f'SPADEGenerator: image_size={self.image_size}, but with latent_dim it must be the height '
                             f'and width of the layouts, multiples of {self.size_divisor}.')
        height, width = self.image_size
        return height * width // self.size_divisor**2

"""GrowingGenerator: what SPADE's and CC-FPSE's generators have in common."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import torch
from torch import Tensor, nn

from semsynth.errors import check_option
from semsynth.generators.base import Generator
from semsynth.generators.latent_channels import with_latent_channels
from semsynth.layers.checkpointed import run_anew
from semsynth.layers.residual import upsample
from semsynth.layout import Layout

UPSAMPLINGS = dict(normal=5, more=6, most=7)


def growth(base_channels: int, num_upsamples: str) -> tuple[list[int], list[bool]]:
    """How SPADE's blocks grow a small map: its channels and then each block's, and before which blocks it is doubled.

    Args:
        base_channels: width of the last block (half of it with ``'most'``).
        num_upsamples: one of ``UPSAMPLINGS``.
    """
    factors = [16, 16, 16, 16, 8, 4, 2, 1] + [0.5] * (num_upsamples == 'most')
    # the first block keeps the small map's size, and with 'normal' the third keeps the second's
    grows = [False, True, num_upsamples != 'normal'] + [True] * (len(factors) - 4)
    return [int(base_channels * factor) for factor in factors], grows


class GrowingGenerator(Generator):
    """A generator of blocks that read the layout at every size: most of them upsample a small initial map by 2.

    The initial map is made from the layout or from a latent. A subclass sets ``blocks``: modules of
    ``(x, condition)``, one for each two neighbours in ``widths``.

    Args:
        in_channels: channels of the condition that it reads.
        base_channels: width of the last block, also ``feature_channels`` (half of it with ``'most'``).
        num_upsamples: ``'normal'``, ``'more'`` or ``'most'``: the size grows by 2**5, 2**6 or 2**7.
        latent_dim: length Z of the latent; None: no latent is read.
        image_size: height and width of the layouts; needed with ``latent_as='map'``, as that map has a fixed size.
        head: config of the head; by default SPADE's own, leaky ReLU, 3x3 convolution and tanh.
        latent_as: ``'map'``: the small map is made from the latent (SPADE); ``'channels'``: it and all blocks read the
            latent's channels before the condition's (OASIS), which tells more of it to the image.
        max_channels: no block is wider; None for no limit.
        upsampling: ``'nearest'`` (SPADE) or ``'bilinear'``, between the blocks.
        checkpoint_activations: whether the backward pass computes each block anew instead of keeping its activations:
            much less memory, for about one more forward pass.

    Attributes:
        widths: the small map's channels, then each block's.
        code_dim: numbers of the latent that are read here, its first ones; a subclass may have blocks read others.

    Raises:
        ValueError: unknown ``num_upsamples``, ``latent_as`` or ``upsampling``; ``image_size`` absent, no multiple of
            the ``size_divisor``, or, in forward, not the layout's.
    """

    blocks: nn.ModuleList

    def __init__(self, in_channels: int, base_channels: int, num_upsamples: str, latent_dim: int | None = None,
                 image_size: tuple[int, int] | None = None, head: dict | None = None,
                 latent_as: str = 'map', max_channels: int | None = None, upsampling: str = 'nearest',
                 checkpoint_activations: bool = False):
        check_option(type(self).__name__, 'upsampling', upsampling, ('nearest', 'bilinear'))
        check_option(type(self).__name__, 'num_upsamples', num_upsamples, UPSAMPLINGS)
        check_option(type(self).__name__, 'latent_as', latent_as, ('map', 'channels'))
        widths, grows = growth(base_channels, num_upsamples)
        if max_channels is not None:
            widths = [min(width, max_channels) for width in widths]
        super().__init__(in_channels, widths[-1], 2**UPSAMPLINGS[num_upsamples],
                         head or dict(type='RGBHead', kernel_size=3, padding_mode='zeros'))
        self.widths, self.grows, self.upsampling = widths, grows, upsampling
        self.checkpoint_activations = checkpoint_activations
        self.latent_dim, self.image_size = latent_dim, image_size and tuple(image_size)
        self.code_dim = latent_dim or 0
        self.latent_channels = (latent_dim or 0) * (latent_as == 'channels')
        self.maps_latent = bool(latent_dim) and latent_as == 'map'
        self.fixed_size = image_size if self.maps_latent else None
        self.seed: nn.Module
        if latent_dim and self.maps_latent:
            self.seed = nn.Linear(latent_dim, widths[0] * self._seed_pixels())
        else:
            self.seed = nn.Conv2d(self.latent_channels + in_channels, widths[0], 3, padding=1)

    def conditions(self, layout: Layout) -> Callable[[tuple[int, int]], Tensor]:
        """What the blocks read, ``(B, C, *size)``, by size; by default what the seed reads."""
        return self._condition(layout)

    def features(self, layout: Layout) -> Tensor:
        """Features before the last activation, ``(B, feature_channels, H, W)``."""
        height, width = (side // self.size_divisor for side in layout.size)
        if self.latent_dim and layout.latent is None:
            layout = layout.with_latent(torch.randn(len(layout), self.latent_dim, device=layout.device))
        x = (self._map_latent(layout, (height, width)) if self.maps_latent
             else self.seed(self._condition(layout)((height, width))))
        conditions = self.conditions(layout)
        for block, grows in zip(self.blocks, self.grows, strict=True):
            if grows:
                x = upsample(x, self.upsampling)
            condition = conditions(tuple(x.shape[-2:]))
            x = run_anew(block, x, condition) if self.checkpoint_activations else block(x, condition)
        return x

    def _condition(self, layout: Layout) -> Callable[[tuple[int, int]], Tensor]:
        """The condition by size, where it is to be so after the latent's channels."""
        if not self.latent_channels:
            return layout.narrowed().resize
        if self.code_dim != self.latent_dim and layout.latent is not None:
            layout = layout.with_latent(layout.latent[:, :self.code_dim])
        return with_latent_channels(layout, self.latent_channels, type(self).__name__)

    def _map_latent(self, layout: Layout, size: tuple[int, int]) -> Tensor:
        if layout.size != self.image_size:
            raise ValueError(f'{type(self).__name__}: the layout is {layout.size[0]}x{layout.size[1]}, but with a '
                             f'latent every layout must have image_size={self.image_size}.')
        return self.seed(cast(Tensor, layout.latent)[:, :self.code_dim]).unflatten(1, (-1, *size))

    def _seed_pixels(self) -> int:
        if self.image_size is None or any(side % self.size_divisor for side in self.image_size):
            raise ValueError(f'{type(self).__name__}: image_size={self.image_size}, but with latent_dim it must be the '
                             f'height and width of the layouts, multiples of {self.size_divisor}.')
        height, width = self.image_size
        return height * width // self.size_divisor**2

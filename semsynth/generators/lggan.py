"""LGGANGenerator: one encoder, a global decoder, and two branches for LGGAN's head."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn

from semsynth.errors import check_option
from semsynth.generators.base import Generator
from semsynth.generators.growing import UPSAMPLINGS, growth
from semsynth.layers.checkpointed import run_anew, sequence
from semsynth.layers.init import init_xavier
from semsynth.layers.residual import (
    ResidualBlock,
    downsampling_layer,
    entry_layer,
    upsample,
    upsampling_layer,
)
from semsynth.layers.spade import SPADEBlock
from semsynth.layout import Layout
from semsynth.registry import GENERATORS

HALVINGS = 4


@GENERATORS.register_module()
class LGGANGenerator(Generator):
    """LGGAN's generator (Tang et al., CVPR 2020) without its last layers, which are ``LGGANHead(split=True)``.

    The encoder is pix2pixHD's, 7x7 convolution and four halvings. Its features at 1/16 of the size, reduced by nearest
    neighbour, are the small map that SPADE's blocks grow: the global branch. Two branches begin at its features at 1/4
    of the size: the local one with residual blocks and two doublings, and that of the weights with two doublings.

    The features are those of the global branch, before the last activation, then of the local branch and of the
    weights', each with ``base_channels`` channels.

    Args:
        in_channels: channels of the condition that it reads.
        base_channels: width of the first layer and of each part of the features.
        norm: that of the SPADE blocks, ``'batch'`` or ``'instance'``. Encoder and branches have instance norm.
        num_upsamples: ``'normal'`` or ``'more'``: SPADE's blocks grow the small map by 2**5 or 2**6.
        hidden_channels: width inside the SPADE norms.
        num_blocks: residual blocks of the local branch.
        head: config of the head; by default leaky ReLU, 3x3 convolution and tanh on all three parts.
        init_gain: of the Xavier initialisation (``init_xavier`` says what it decides).
        checkpoint_activations: as of ``SPADEGenerator``; it is for SPADE's blocks and the local branch's layers.

    Raises:
        ValueError: unknown ``norm`` or ``num_upsamples``.
    """

    def __init__(self, in_channels: int, base_channels: int = 64, norm: str = 'batch', num_upsamples: str = 'normal',
                 hidden_channels: int = 128, num_blocks: int = 9, head: dict | None = None, init_gain: float = 0.02,
                 checkpoint_activations: bool = False):
        check_option('LGGANGenerator', 'norm', norm, ('batch', 'instance'))
        check_option('LGGANGenerator', 'num_upsamples', num_upsamples, ('normal', 'more'))
        super().__init__(in_channels, 3 * base_channels, 2**UPSAMPLINGS[num_upsamples],
                         head or dict(type='RGBHead', kernel_size=3, padding_mode='zeros'))
        levels = [base_channels * 2**level for level in range(HALVINGS)]
        self.encoder = nn.Sequential(entry_layer(in_channels, base_channels), *map(downsampling_layer, levels[:2]))
        self.deeper = nn.Sequential(*map(downsampling_layer, levels[2:]))
        widths, self.grows = growth(base_channels, num_upsamples)
        condition = dict(condition_channels=in_channels, hidden_channels=hidden_channels, norm=norm)
        blocks = [SPADEBlock(before, after, **condition) for before, after in pairwise(widths)]
        self.blocks = nn.ModuleList(blocks)
        doublings = [4 * base_channels, 2 * base_channels]
        self.local_branch = sequence(*(ResidualBlock(4 * base_channels) for _ in range(num_blocks)),
                                     *map(upsampling_layer, doublings), checkpoint_activations=checkpoint_activations)
        self.checkpoint_activations = checkpoint_activations
        self.weight_branch = nn.Sequential(*map(upsampling_layer, doublings))
        init_xavier(self, init_gain)
        for block in blocks:
            block.normalise_convolutions()

    def features(self, layout: Layout) -> Tensor:
        """The three parts of the features, ``(B, 3 * base_channels, H, W)``."""
        layout = layout.narrowed()
        near = self.encoder(layout.condition)
        step = self.size_divisor // 2**HALVINGS
        x = self.deeper(near)[..., ::step, ::step]  # the pixels that nearest neighbour takes
        for block, grows in zip(self.blocks, self.grows, strict=True):
            if grows:
                x = upsample(x)
            condition = layout.resize((x.shape[-2], x.shape[-1]))
            x = run_anew(block, x, condition) if self.checkpoint_activations else block(x, condition)
        return torch.cat([x, self.local_branch(near), self.weight_branch(near)], dim=1)

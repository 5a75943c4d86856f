"""LocalEnhancer: pix2pixHD's G1 with one or more enhancers around it."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from semsynth.generators.base import Generator
from semsynth.layers.checkpointed import sequence
from semsynth.layers.init import init_normal
from semsynth.layers.residual import ResidualBlock, downsampling_layer, entry_layer, residual_network, upsampling_layer
from semsynth.layout import Layout
from semsynth.registry import GENERATORS


class Enhancer(nn.Module):
    """pix2pixHD's G2 without its head: c7s1-k, d2k, R2k x num_blocks, uk.

    Args:
        in_channels: channels of the condition.
        channels: width k of the output.
        num_blocks: residual blocks.
        checkpoint_activations: as of ``LocalEnhancer``.
    """

    def __init__(self, in_channels: int, channels: int, num_blocks: int, checkpoint_activations: bool = False):
        super().__init__()
        self.front = sequence(entry_layer(in_channels, channels), downsampling_layer(channels),
                              checkpoint_activations=checkpoint_activations)
        self.back = sequence(*(ResidualBlock(2 * channels) for _ in range(num_blocks)), upsampling_layer(2 * channels),
                             checkpoint_activations=checkpoint_activations)

    def forward(self, condition: Tensor, coarse: Tensor) -> Tensor:
        """Condition ``(B, in_channels, H, W)`` and features of half the size, ``(B, 2k, H/2, W/2)``, to
        ``(B, k, H, W)``."""
        return self.back(self.front(condition) + coarse)


@GENERATORS.register_module()
class LocalEnhancer(Generator):
    """pix2pixHD's coarse-to-fine generator (3.2 and appendix B): the global network at a reduced size, then enhancers.

    Each enhancer doubles the size: its front layers read the condition, the coarser features are added to theirs, and
    residual blocks and an upsampling layer follow. The coarser networks have no heads. Parts are named as in
    ``GlobalGenerator`` and enhancers are counted from the coarsest, so that weights can be carried over by name when an
    enhancer is added.

    Args:
        in_channels: channels of the condition that it reads.
        base_channels: width of the finest enhancer, also ``feature_channels``; it doubles with every coarser one, so
            that the global network's is ``base_channels * 2**num_enhancers``.
        num_enhancers: number of enhancers.
        num_blocks: residual blocks of each enhancer.
        num_global_downsamples: halvings inside the global network.
        num_global_blocks: residual blocks of the global network.
        head: config of the head; by default reflection-padded 7x7 convolution and tanh.
        checkpoint_activations: whether the backward pass computes each layer anew instead of keeping its activations:
            less memory, more time, the same gradients and names of weights.

    Raises:
        ValueError: in forward, the layout's height or width is no multiple of
            ``2**(num_enhancers + num_global_downsamples)``, or is smaller than twice that.
    """

    def __init__(self, in_channels: int, base_channels: int = 32, num_enhancers: int = 1, num_blocks: int = 3,
                 num_global_downsamples: int = 4, num_global_blocks: int = 9, head: dict | None = None,
                 checkpoint_activations: bool = False):
        divisor = 2**(num_enhancers + num_global_downsamples)
        super().__init__(in_channels, base_channels, divisor, head or dict(type='RGBHead'),
                         smallest_size=max(2 * divisor, 4 * 2**num_enhancers))
        self.global_network = residual_network(
            in_channels, base_channels * 2**num_enhancers, num_global_downsamples, num_global_blocks,
            checkpoint_activations)
        self.enhancers = nn.ModuleList(
            Enhancer(in_channels, base_channels * 2**level, num_blocks, checkpoint_activations)
            for level in reversed(range(num_enhancers)))
        init_normal(self)

    def features(self, layout: Layout) -> Tensor:
        """Features of the finest enhancer, after its last ReLU, ``(B, base_channels, H, W)``."""
        pyramid = [layout.condition]
        for _ in self.enhancers:
            pyramid.append(F.avg_pool2d(pyramid[-1], 3, stride=2, padding=1, count_include_pad=False))
        features = self.global_network(pyramid.pop())
        for enhancer in self.enhancers:
            features = enhancer(pyramid.pop(), features)
        return features

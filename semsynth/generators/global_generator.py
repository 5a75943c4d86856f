"""GlobalGenerator: pix2pixHD's G1."""

from __future__ import annotations

from torch import Tensor

from semsynth.generators.base import Generator
from semsynth.layers.init import init_normal
from semsynth.layers.residual import residual_network
from semsynth.layout import Layout
from semsynth.registry import GENERATORS


@GENERATORS.register_module()
class GlobalGenerator(Generator):
    """pix2pixHD's global generator (3.2 and appendix B): c7s1-64, d128..d1024, R1024 x 9, u512..u64, then the head.

    Args:
        in_channels: channels of the condition that it reads.
        base_channels: width of the first and the last layer; also ``feature_channels``.
        num_downsamples: times that the size is halved and the width doubled.
        num_blocks: residual blocks at the smallest size.
        head: config of the head; by default reflection-padded 7x7 convolution and tanh.
        checkpoint_activations: whether the backward pass computes each layer anew instead of keeping its activations:
            less memory, more time, the same gradients and names of weights.

    Raises:
        ValueError: in forward, the layout's height or width is no multiple of ``2**num_downsamples``, or is smaller
            than twice that (reflection padding needs 2 pixels at the smallest size).
    """

    def __init__(self, in_channels: int, base_channels: int = 64, num_downsamples: int = 4, num_blocks: int = 9,
                 head: dict | None = None, checkpoint_activations: bool = False):
        divisor = 2**num_downsamples
        super().__init__(in_channels, base_channels, divisor, head or dict(type='RGBHead'),
                         smallest_size=max(2 * divisor, 4))
        self.global_network = residual_network(in_channels, base_channels, num_downsamples, num_blocks,
                                               checkpoint_activations)
        init_normal(self)

    def features(self, layout: Layout) -> Tensor:
        """Features after the last ReLU, ``(B, base_channels, H, W)``."""
        return self.global_network(layout.condition)

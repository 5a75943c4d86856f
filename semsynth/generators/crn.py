"""CRNGenerator: cascaded refinement network."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from semsynth.generators.base import Generator
from semsynth.layers.init import init_xavier_uniform
from semsynth.layers.norm import GroupNorm
from semsynth.layout import Layout
from semsynth.registry import GENERATORS


def refinement_module(in_channels: int, width: int) -> nn.Sequential:
    """3x3 convolution, layer norm, leaky ReLU 0.2, 3x3 convolution, layer norm; the caller applies the last activation.

    The norm is over channels and pixels of each image, with a scale and a shift for each channel.
    """
    return nn.Sequential(
        nn.Conv2d(in_channels, width, 3, padding=1, bias=False), GroupNorm(1, width), nn.LeakyReLU(0.2),
        nn.Conv2d(width, width, 3, padding=1, bias=False), GroupNorm(1, width))


@GENERATORS.register_module()
class CRNGenerator(Generator):
    """Cascaded refinement network (Chen & Koltun 2017, 3): one refinement module at every size, from a few pixels up.

    Each module reads the condition, average-pooled to its size, and the features of the module before, bilinearly
    upsampled by 2; the first reads the condition alone. 8 modules make 512x1024 from 4x8, 9 make 1024x2048
    (``widths=(1024, 1024, 1024, 1024, 1024, 512, 512, 128, 32)``).

    Args:
        in_channels: channels of the condition that it reads.
        widths: width of each module, coarsest first; the last is ``feature_channels``.
        head: config of the head; by default 1x1 convolution, linear.

    Raises:
        ValueError: ``widths`` is empty; in forward, the layout's height or width is no multiple of
            ``2**(len(widths) - 1)``.
    """

    def __init__(self, in_channels: int, widths: Sequence[int] = (1024, 1024, 1024, 1024, 1024, 512, 512, 128),
                 head: dict | None = None):
        if not widths:
            raise ValueError('CRNGenerator: widths is empty; give the width of each module, coarsest first.')
        super().__init__(in_channels, widths[-1], 2**(len(widths) - 1), head or dict(type='LinearHead'))
        self.cascade = nn.ModuleList([refinement_module(in_channels, widths[0])])
        self.cascade.extend(refinement_module(coarser + in_channels, width) for coarser, width in pairwise(widths))
        init_xavier_uniform(self)

    def features(self, layout: Layout) -> Tensor:
        """Features of the last module before its last activation, ``(B, widths[-1], H, W)``."""
        pyramid = [layout.condition]
        for _ in self.cascade[1:]:
            pyramid.append(F.avg_pool2d(pyramid[-1], 2))
        x = self.cascade[0](pyramid.pop())
        for refine in self.cascade[1:]:
            condition = pyramid.pop()
            x = F.interpolate(F.leaky_relu(x, 0.2), condition.shape[-2:], mode='bilinear', align_corners=True)
            x = refine(torch.cat([x, condition], dim=1))
        return x

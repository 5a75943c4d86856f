"""UNetGenerator: pix2pix's generator."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from semsynth.errors import check_option
from semsynth.generators.base import Generator
from semsynth.layers.init import init_normal
from semsynth.layers.norm import BatchNorm, InstanceNorm
from semsynth.layout import Layout
from semsynth.registry import GENERATORS

# Affine instance norm is what batch norm computes of a batch of one.
NORMS: dict[str, Callable[[int], nn.Module]] = {'batch': BatchNorm, 'instance': partial(InstanceNorm, affine=True)}


@GENERATORS.register_module()
class UNetGenerator(Generator):
    """pix2pix's U-Net (Isola et al. 2017, appendix): an encoder down to a few pixels, and a decoder with skips.

    Encoder C64-C128-C256-C512-C512-C512-C512-C512: 4x4 convolutions with stride 2, norm on all but the first and the
    innermost, leaky ReLU 0.2. Decoder CD512-CD512-CD512-C512-C256-C128-C64: 4x4 transposed convolutions with stride 2,
    norm, dropout (in CD), ReLU, each concatenated with the encoder's features of its size. In pix2pix's code the eighth
    transposed convolution makes the image. Here it is one more C64, so that the features have the layout's size and any
    head fits; the head's 1x1 convolution then makes the image.

    Args:
        in_channels: channels of the condition that it reads.
        base_channels: width of the first layer, also ``feature_channels``; it doubles per layer up to 8 times that.
        num_downsamples: times that the size is halved; pix2pix's for 256x256 is 8.
        norm: ``'batch'``, or ``'instance'``, with scale and shift: the same where the batch is one image, as
            pix2pix's is, and the same in eval mode, where batch norm has running statistics.
        dropout: fraction of values set to 0 in training, in CD: 3 of pix2pix's 8 decoder layers.
        head: config of the head; by default 1x1 convolution and tanh.

    Raises:
        ValueError: unknown ``norm``, or ``num_downsamples`` is 0; in forward, the layout's height or width is no
            multiple of ``2**num_downsamples``.
    """

    def __init__(self, in_channels: int, base_channels: int = 64, num_downsamples: int = 8, norm: str = 'batch',
                 dropout: float = 0.5, head: dict | None = None):
        check_option('UNetGenerator', 'norm', norm, NORMS)
        if num_downsamples == 0:
            raise ValueError('UNetGenerator: num_downsamples=0, expected 1 or more.')
        super().__init__(in_channels, base_channels, 2**num_downsamples, head or dict(type='RGBHead', kernel_size=1))
        widths = [base_channels * min(2**level, 8) for level in range(num_downsamples)]
        innermost = num_downsamples - 1
        self.encoder = nn.ModuleList([nn.Conv2d(in_channels, widths[0], 4, 2, 1)])
        for level in range(1, num_downsamples):
            convolution = nn.Conv2d(widths[level - 1], widths[level], 4, 2, 1, bias=level == innermost)
            normalise = [] if level == innermost else [NORMS[norm](widths[level])]
            self.encoder.append(nn.Sequential(nn.LeakyReLU(0.2), convolution, *normalise))
        self.decoder = nn.ModuleList()
        for level in range(innermost, -1, -1):
            inner, outer = widths[level], widths[max(level - 1, 0)]
            convolution = nn.ConvTranspose2d(inner if level == innermost else 2 * inner, outer, 4, 2, 1, bias=False)
            drop = [nn.Dropout(dropout)] if level > 4 else []  # from level 4 to 3 is the last between the widest
            self.decoder.append(nn.Sequential(nn.ReLU(), convolution, NORMS[norm](outer), *drop))
        init_normal(self)

    def features(self, layout: Layout) -> Tensor:
        """Features after the last ReLU, ``(B, base_channels, H, W)``."""
        x, skips = layout.condition, []
        for downsample in self.encoder:
            x = downsample(x)
            skips.append(x)
        x = skips.pop()
        for upsample in self.decoder:
            x = upsample(x)
            if skips:
                x = torch.cat([x, skips.pop()], dim=1)
        return F.relu(x)

"""OASISDiscriminator: a U-Net that classifies every pixel, or finds it synthesised (Sushko et al. 2021, 3.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from semsynth.discriminators.base import Discriminator, Verdict
from semsynth.layers.init import init_xavier
from semsynth.layers.residual import upsample
from semsynth.layers.spectral import spectral_norm
from semsynth.layout import Layout
from semsynth.registry import DISCRIMINATORS

if TYPE_CHECKING:
    from semsynth.parts import Parts

LARGEST_FACTOR = 8


class Block(nn.Module):
    """Residual block of two (leaky ReLU, 3x3 convolution); where the width changes, the shortcut is a 1x1 convolution.

    Args:
        in_channels: channels of the input.
        out_channels: channels of the output.
    """

    def __init__(self, in_channels: int, out_channels: int):
        super().__init__()
        self.conv_0 = nn.Conv2d(in_channels, out_channels, 3, padding=1)
        self.conv_1 = nn.Conv2d(out_channels, out_channels, 3, padding=1)
        self.conv_s = nn.Conv2d(in_channels, out_channels, 1) if in_channels != out_channels else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        """``(B, in_channels, H, W)`` to ``(B, out_channels, H, W)``."""
        return self.conv_s(x) + self.convolve(F.leaky_relu(x, 0.2))

    def convolve(self, x: Tensor) -> Tensor:
        """The convolutions, and the activation between them."""
        return self.conv_1(F.leaky_relu(self.conv_0(x), 0.2))


class FirstBlock(Block):
    """A block that reads an image, which no activation comes before."""

    def forward(self, x: Tensor) -> Tensor:
        """``(B, in_channels, H, W)`` to ``(B, out_channels, H, W)``."""
        return self.conv_s(x) + self.convolve(x)


@DISCRIMINATORS.register_module()
class OASISDiscriminator(Discriminator):
    """Segments an image into the layout's classes and one more, synthesised; it sees the image alone.

    A U-Net of residual blocks without norms; spectral norm on all but the last 1x1 convolution. It is trained by losses
    that know what its logits mean: ``SegmentationAdversarialLoss`` and ``LabelMixLoss``.

    Args:
        num_classes: number of classes N, the unknown one included; the model fills it in.
        in_channels: channels of the image.
        base_channels: width of the last block. The first one has twice as much, and every second one twice that of the
            one before, up to 8 times.
        num_downsamples: times that the size is halved.
        init_gain: of the Xavier initialisation (``init_xavier`` says what it decides).

    Raises:
        ValueError: no halving; in forward, the image's height or width is no multiple of ``size_divisor``.
    """

    filled_in = ('in_channels', 'num_classes')
    reads_layout = False
    returns_class_logits = True

    def __init__(self, num_classes: int, in_channels: int = 3, base_channels: int = 64, num_downsamples: int = 6,
                 init_gain: float = 0.02):
        super().__init__()
        if num_downsamples == 0:
            raise ValueError('OASISDiscriminator: num_downsamples=0, expected 1 or more.')
        self.size_divisor = 2**num_downsamples
        widths = [base_channels * min(2**(level // 2 + 1), LARGEST_FACTOR) for level in range(num_downsamples)]
        self.down = nn.ModuleList([FirstBlock(in_channels, widths[0])])
        self.down.extend(map(Block, widths[:-1], widths[1:]))
        # On the way up, all but the coarsest block also read what was made at their size on the way down.
        read, made = [*(2 * width for width in widths[:-1]), widths[-1]], [base_channels, *widths[:-1]]
        self.up = nn.ModuleList(map(Block, reversed(read), reversed(made)))
        self.last = nn.Conv2d(base_channels, num_classes + 1, 1)
        init_xavier(self, init_gain)
        spectral_norm(self.down)
        spectral_norm(self.up)

    def check(self, parts: Parts) -> None:
        """Raise ValueError where a loss takes the logits for scores of being real."""
        for name, loss in parts.losses.items():
            if 'verdicts' in loss.reads and any(network is self for network in loss.discriminators(parts)):
                way_out = '' if parts.discriminator is self else (
                    ', or give the term those views alone that another network judges')
                raise ValueError(f'losses.{name}: {type(loss).__name__} reads scores of being real, but '
                                 'OASISDiscriminator gives the logits of classes: use SegmentationAdversarialLoss and '
                                 f'LabelMixLoss, which read these{way_out}.')

    def judge(self, layout: Layout, image: Tensor) -> Verdict:
        """The verdict on images ``(B, 3, H, W)`` in ``[-1, 1]``; the layout is not read.

        Returns:
            ``[[logits]]``, ``(B, N + 1, H, W)``: channel 0 is synthesised, channel c + 1 the class c.
        """
        if any(side % self.size_divisor for side in image.shape[2:]):
            raise ValueError(f'OASISDiscriminator: the image is {image.shape[2]}x{image.shape[3]}, but height and '
                             f'width must be multiples of {self.size_divisor}; pad it, or halve it less often '
                             '(num_downsamples).')
        x, skips = image, []
        for block in self.down:
            x = F.avg_pool2d(block(x), 2)
            skips.append(x)
        x = skips.pop()
        for block in self.up:
            x = block(upsample(x))
            if skips:
                x = torch.cat([skips.pop(), x], dim=1)
        return [[self.last(x)]]

"""pix2pixHD's residual network and its layers (pix2pixHD, appendix B), and upsampling between residual blocks."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from semsynth.autocast import without_autocast
from semsynth.layers.checkpointed import sequence
from semsynth.layers.norm import InstanceNorm


class ResidualBlock(nn.Module):
    """Rk: two reflection-padded 3x3 convolutions with instance norm, added to their input.

    Args:
        channels: width k.
    """

    def __init__(self, channels: int):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(channels, channels, 3, padding=1, padding_mode='reflect'), InstanceNorm(channels),
            nn.ReLU(inplace=True),
            nn.Conv2d(channels, channels, 3, padding=1, padding_mode='reflect'), InstanceNorm(channels))

    def forward(self, x: Tensor) -> Tensor:
        """``(B, k, H, W)`` to the same shape; height and width at least 2."""
        return x + self.body(x)


def entry_layer(in_channels: int, out_channels: int) -> nn.Sequential:
    """c7s1-k: reflection-padded 7x7 convolution, instance norm, ReLU; height and width at least 4."""
    convolution = nn.Conv2d(in_channels, out_channels, 7, padding=3, padding_mode='reflect')
    return nn.Sequential(convolution, InstanceNorm(out_channels), nn.ReLU(inplace=True))


def downsampling_layer(in_channels: int) -> nn.Sequential:
    """dk: 3x3 convolution with stride 2 to twice the width, instance norm, ReLU."""
    convolution = nn.Conv2d(in_channels, 2 * in_channels, 3, stride=2, padding=1)
    return nn.Sequential(convolution, InstanceNorm(2 * in_channels), nn.ReLU(inplace=True))


def upsampling_layer(in_channels: int) -> nn.Sequential:
    """uk: 3x3 transposed convolution with stride 2 to half the width, instance norm, ReLU."""
    convolution = nn.ConvTranspose2d(in_channels, in_channels // 2, 3, stride=2, padding=1, output_padding=1)
    return nn.Sequential(convolution, InstanceNorm(in_channels // 2), nn.ReLU(inplace=True))


def upsample(x: Tensor, mode: str = 'nearest') -> Tensor:
    """Upsampling by 2, ``(B, C, H, W)`` to ``(B, C, 2H, 2W)``: ``'nearest'`` neighbour, or ``'bilinear'``.

    The precision is that of x; a GPU's autocast would give float32.
    """
    with without_autocast(x.device):
        return F.interpolate(x, scale_factor=2, mode=mode)


def residual_network(in_channels: int, base_channels: int, num_downsamples: int, num_blocks: int,
                     checkpoint_activations: bool = False) -> nn.Sequential:
    """Johnson et al.'s network, pix2pixHD's G1 without its head: entry layer, halvings, residual blocks, doublings.

    Args:
        in_channels: channels of the input, ``(B, in_channels, H, W)``.
        base_channels: channels of the output, ``(B, base_channels, H, W)``.
        num_downsamples: times that the size is halved, the width doubled, and both undone.
        num_blocks: residual blocks at the smallest size.
        checkpoint_activations: whether the backward pass computes each layer anew instead of keeping its activations.
    """
    widths = [base_channels * 2**level for level in range(num_downsamples + 1)]
    return sequence(
        entry_layer(in_channels, base_channels),
        *map(downsampling_layer, widths[:-1]),
        *(ResidualBlock(widths[-1]) for _ in range(num_blocks)),
        *map(upsampling_layer, reversed(widths[1:])),
        checkpoint_activations=checkpoint_activations)

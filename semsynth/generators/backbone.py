"""BackboneGenerator: a segmentation or classification backbone as encoder (ECGAN, 3.1)."""

from __future__ import annotations

from pathlib import Path

import torch.nn.functional as F
from torch import Tensor, nn

from semsynth.generators.base import Generator
from semsynth.layers.backbones import build_backbone, level_channels, levels_of
from semsynth.layout import Layout
from semsynth.registry import GENERATORS

SIZE_DIVISOR = 32
SMALLEST_SIZE = 64


@GENERATORS.register_module()
class BackboneGenerator(Generator):
    """A backbone of mmseg or torchvision reads the layout; its features go back to full size (ECGAN, 3.1: the shared
    encoder E "can employ any deep network architecture").

    As in a feature pyramid network, 1x1 convolutions give the features of every size a common width. From the coarsest
    on, features are upsampled and added to those of the next finer size; a leaky ReLU and a 3x3 convolution follow. The
    finest level is the layout itself. The features are those before the last activation, with which heads begin.

    Backbones that gather an image's mean before a batch norm (ResNeSt, FastSCNN) cannot train on one image a rank.

    Args:
        in_channels: channels of the condition that it reads; the backbone's first convolution is made as wide.
        backbone: name of a torchvision classifier whose layers follow one another (``'resnet50'``, ``'vgg16'``,
            ``'alexnet'``) or config of an mmseg backbone that takes images of any size and gives the same features in
            training and evaluation (``dict(type='ResNetV1c', depth=50)``; not BEiT, MAE, DDRNet, PIDNet).
        feature_channels: the common width.
        pretrained: path or URL of the backbone's weights, as of a frozen network's; the first convolution's are left
            out unless the layout has as many channels. None leaves all as torch draws them.
        head: config of the head; by default leaky ReLU, 3x3 convolution and tanh.

    Raises:
        FileNotFoundError: there is no such file of weights.
        ValueError: no such classifier or backbone, one that makes no such features, weights of another network, or
            layers that no feature needs; in forward, the layout's height or width is no multiple of 32 or below 64.
    """

    def __init__(self, in_channels: int, backbone: str | dict, feature_channels: int = 64,
                 pretrained: str | Path | None = None, head: dict | None = None):
        super().__init__(in_channels, feature_channels, SIZE_DIVISOR,
                         head or dict(type='RGBHead', kernel_size=3, padding_mode='zeros'), SMALLEST_SIZE)
        self.backbone = build_backbone(backbone, in_channels, pretrained)
        widths = [in_channels, *level_channels(self.backbone, in_channels)]
        self.lateral = nn.ModuleList(nn.Conv2d(width, feature_channels, 1) for width in widths)
        self.refine = nn.ModuleList(nn.Conv2d(feature_channels, feature_channels, 3, padding=1) for _ in widths[1:])

    def features(self, layout: Layout) -> Tensor:
        """Features before the last activation, ``(B, feature_channels, H, W)``."""
        levels = [layout.condition, *levels_of(self.backbone, layout.condition)]
        *finer, x = [lateral(level) for lateral, level in zip(self.lateral, levels, strict=True)]
        for level, refine in reversed(list(zip(finer, self.refine, strict=True))):
            x = level + F.interpolate(x, level.shape[-2:], mode='bilinear', align_corners=False)
            x = refine(F.leaky_relu(x, 0.2))
        return x

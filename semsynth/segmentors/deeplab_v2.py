"""DeepLabV2 with a ResNet-101, which judged COCO-Stuff in the papers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from mmseg.utils import cocostuff_classes
from torch import Tensor, nn

from semsynth.label_spaces import COCO_STUFF_ABSENT
from semsynth.layers.backbones import build_backbone
from semsynth.registry import SEGMENTORS
from semsynth.segmentors.released import ReleasedSegmentor, Size

RATES = (6, 12, 18, 24)
SCALES = (0.5, 0.75)


class DeepLabV2(nn.Module):
    """DeepLabV2 (Chen et al., TPAMI 2018): a dilated ResNet whose last features four dilated convolutions read, summed.

    It looks at images at three scales, and takes the largest logit of each pixel and class.

    Args:
        num_classes: number of classes.
        depth: of the ResNet, 50 or 101.
        base_channels: width of its first stage; 64 in the released network.
    """

    def __init__(self, num_classes: int = 182, depth: int = 101, base_channels: int = 64):
        super().__init__()
        # Caffe's: the first convolution of a bottleneck has the stride, and pooling rounds sizes up.
        backbone: Any = build_backbone(
            dict(type='ResNet', depth=depth, style='caffe', base_channels=base_channels, stem_channels=base_channels,
                 strides=(1, 2, 1, 1), dilations=(1, 1, 2, 4)), in_channels=3)
        backbone.maxpool.ceil_mode = True
        self.backbone, self.num_blocks = backbone, tuple(backbone.stage_blocks)
        self.aspp = nn.ModuleList(nn.Conv2d(32 * base_channels, num_classes, 3, padding=rate, dilation=rate)
                                  for rate in RATES)

    def forward(self, x: Tensor) -> tuple[Tensor, list[Tensor]]:
        """``(B, 3, H, W)`` to logits at an eighth of that size, and the four stages of the ResNet at full scale."""
        logits, features = self._at_one_scale(x)
        for scale in SCALES:
            smaller = F.interpolate(x, scale_factor=scale, mode='bilinear', align_corners=False)
            other = F.interpolate(self._at_one_scale(smaller)[0], logits.shape[-2:], mode='bilinear',
                                  align_corners=False)
            logits = torch.maximum(logits, other)
        return logits, features

    def _at_one_scale(self, x: Tensor) -> tuple[Tensor, list[Tensor]]:
        features = list(self.backbone(x))
        logits = self.aspp[0](features[-1])
        for convolution in self.aspp[1:]:
            logits = logits + convolution(features[-1])
        return logits, features


def official_layers(network: DeepLabV2) -> dict[str, str]:
    """By the name of our layer, the official one."""
    names = {'backbone.conv1': 'base.layer1.conv1.conv', 'backbone.bn1': 'base.layer1.conv1.bn'}
    names |= {f'aspp.{number}': f'base.aspp.c{number}' for number in range(len(RATES))}
    parts = {'conv1': 'reduce.conv', 'bn1': 'reduce.bn', 'conv2': 'conv3x3.conv', 'bn2': 'conv3x3.bn',
             'conv3': 'increase.conv', 'bn3': 'increase.bn', 'downsample.0': 'shortcut.conv',
             'downsample.1': 'shortcut.bn'}
    for stage, number in enumerate(network.num_blocks, 1):
        for block in range(number):
            names |= {f'backbone.layer{stage}.{block}.{ours}': f'base.layer{stage + 1}.block{block + 1}.{theirs}'
                      for ours, theirs in parts.items()}
    return names


def coco_stuff_names() -> tuple[str, ...]:
    """COCO-Stuff's 182 classes by their ids in files, those that occur nowhere included."""
    names = list(cocostuff_classes())
    for index, name in COCO_STUFF_ABSENT.items():
        names.insert(index, name)
    return tuple(names)


@SEGMENTORS.register_module()
class DeepLabV2Segmentor(ReleasedSegmentor):
    """DeepLabV2 by K. Nakashima with its own weights: the judge of COCO-Stuff in SPADE, CC-FPSE, OASIS and ECGAN.

    It knows the 182 ids of COCO-Stuff's files as they are, so that ``COCOStuffDataset`` needs no class map. It reads
    blue first, less the mean that Caffe's networks have.

    Args:
        checkpoint: file of the released weights, ``deeplabv2_resnet101_msc-cocostuff164k-100000.pth``; None leaves it
            at random weights, for tests.
        class_map: as of ``Segmentor``.
        input_size: as of ``ReleasedSegmentor``.
        classes: names of the classes, COCO-Stuff's 182 by default, for weights of one's own.
        depth: as of ``DeepLabV2``.
        base_channels: as of ``DeepLabV2``.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: as of ``ReleasedSegmentor``.
    """

    published = ('download https://github.com/kazuto1011/deeplab-pytorch/releases/download/v1.0/'
                 'deeplabv2_resnet101_msc-cocostuff164k-100000.pth')
    mean = (122.675, 116.669, 104.008)
    std = (1.0, 1.0, 1.0)
    wants_rgb = False

    def __init__(self, checkpoint: str | Path | None = None, class_map: str | Sequence[int] | None = None,
                 input_size: Size | None = None, classes: Sequence[str] | None = None, depth: int = 101,
                 base_channels: int = 64):
        classes = tuple(classes or coco_stuff_names())
        network = DeepLabV2(len(classes), depth, base_channels)
        super().__init__(network, classes, None if checkpoint is None else {'': checkpoint}, official_layers(network),
                         class_map, input_size)

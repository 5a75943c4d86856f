"""CSAIL's UPerNet with a ResNet-101, which judged ADE20K in the papers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import cast

import torch
import torch.nn.functional as F
from mmengine.registry import DefaultScope
from mmseg.utils import ade_classes
from torch import Tensor, nn

from semsynth.layers.backbones import build_backbone, mmseg_models
from semsynth.layers.pretrained import MEAN, STD
from semsynth.registry import SEGMENTORS
from semsynth.segmentors.released import ReleasedSegmentor, Size

POOL_SCALES = (1, 2, 3, 6)
LARGEST, MULTIPLE = 1000, 32
"""The official test's limit to the longer side, and what its sides are multiples of."""


class EnlargedPyramid(nn.ModuleList):
    """The pooling of mmseg's UPerNet head, but enlarged before the convolutions, not after them."""

    def forward(self, x: Tensor) -> list[Tensor]:
        """``(B, C, H, W)`` to one ``(B, C', H, W)`` for each size that is pooled to."""
        return [level[1](F.interpolate(level[0](x), x.shape[-2:], mode='bilinear', align_corners=False))
                for level in cast(Iterable[nn.Sequential], self)]


class CSAILUPerNet(nn.Module):
    """UPerNet (Xiao et al., ECCV 2018) as CSAIL's code has it: a ResNet with a stem of 64, 64 and 128 channels, a head.

    Args:
        num_classes: number of classes.
        depth: of the ResNet, 50 or 101.
        base_channels: width of its first stage; 64 in the released network.
    """

    def __init__(self, num_classes: int = 150, depth: int = 101, base_channels: int = 64):
        super().__init__()
        width = base_channels
        self.backbone = build_backbone(
            dict(type='ResNetV1c', depth=depth, base_channels=width, stem_channels=2 * width), in_channels=3)
        with DefaultScope.overwrite_default_scope('mmseg'):  # where the head looks its loss up
            self.head = mmseg_models().UPerHead(
                pool_scales=POOL_SCALES, in_channels=[4 * width << stage for stage in range(4)], in_index=[0, 1, 2, 3],
                channels=8 * width, num_classes=num_classes, norm_cfg=dict(type='BN'), align_corners=False,
                loss_decode=dict(type='CrossEntropyLoss', avg_non_ignore=True))
        self.head.psp_modules = EnlargedPyramid(self.head.psp_modules)

    def forward(self, x: Tensor) -> tuple[Tensor, list[Tensor]]:
        """``(B, 3, H, W)`` to logits at a quarter of that size and the four stages of the ResNet."""
        features = list(self.backbone(x))
        return self.head(features), features


def official_layers(network: CSAILUPerNet) -> dict[str, str]:
    """By the name of our layer, CSAIL's, where another: ``encoder.`` and ``decoder.`` stand for the two files."""
    names = {f'backbone.{name}': f'encoder.{name}' for name, _ in network.backbone.named_modules()}
    for number, place in enumerate((0, 3, 6), 1):
        names[f'backbone.stem.{place}'] = f'encoder.conv{number}'
        names[f'backbone.stem.{place + 1}'] = f'encoder.bn{number}'
    blocks = {'head.bottleneck': 'ppm_last_conv', 'head.fpn_bottleneck': 'conv_last.0'}
    blocks |= {f'head.psp_modules.{level}.1': f'ppm_conv.{level}' for level in range(len(POOL_SCALES))}
    for level in range(3):
        blocks |= {f'head.lateral_convs.{level}': f'fpn_in.{level}', f'head.fpn_convs.{level}': f'fpn_out.{level}.0'}
    for ours, theirs in blocks.items():
        names |= {f'{ours}.conv': f'decoder.{theirs}.0', f'{ours}.bn': f'decoder.{theirs}.1'}
    return {**names, 'head.conv_seg': 'decoder.conv_last.1'}


@SEGMENTORS.register_module()
class CSAILUPerNetSegmentor(ReleasedSegmentor):
    """CSAIL's UPerNet with its own weights: the judge of ADE20K in SPADE, CC-FPSE, OASIS and ECGAN.

    Args:
        encoder: file of the released ResNet, ``encoder_epoch_50.pth``; None leaves all at random weights, for tests.
        decoder: file of the released head, ``decoder_epoch_50.pth``.
        class_map: as of ``Segmentor``.
        input_size: as of ``ReleasedSegmentor``.
        test_sizes: lengths to which the shorter side is brought, one after the other; probabilities are averaged. The
            official test has ``(300, 375, 450, 525, 600)``, the longer side at most 1000, and both rounded up to
            multiples of 32. None looks at images once. In place of ``input_size``.
        classes: names of the classes, ADE20K's 150 by default, for weights of one's own.
        depth: as of ``CSAILUPerNet``.
        base_channels: as of ``CSAILUPerNet``.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: one of the two files is not given, or ``input_size`` is given with ``test_sizes``; else as of
            ``ReleasedSegmentor``.
    """

    published = ('encoder_epoch_50.pth and decoder_epoch_50.pth are in the folder '
                 'http://sceneparsing.csail.mit.edu/model/pytorch/ade20k-resnet101-upernet.')
    mean = (255 * MEAN[0], 255 * MEAN[1], 255 * MEAN[2])
    std = (255 * STD[0], 255 * STD[1], 255 * STD[2])

    def __init__(self, encoder: str | Path | None = None, decoder: str | Path | None = None,
                 class_map: str | Sequence[int] | None = None, input_size: Size | None = None,
                 test_sizes: Sequence[int] | None = None, classes: Sequence[str] | None = None, depth: int = 101,
                 base_channels: int = 64):
        if (encoder is None) != (decoder is None):
            raise ValueError(f'CSAILUPerNetSegmentor: encoder={encoder} and decoder={decoder}, but the weights are two '
                             f'files: name both. {self.published[0].upper()}{self.published[1:]}')
        if test_sizes is not None and (input_size is not None or not test_sizes or min(test_sizes) < 1):
            raise ValueError(f'CSAILUPerNetSegmentor: test_sizes={tuple(test_sizes)} with input_size={input_size}: '
                             'give lengths of the shorter side, such as (300, 375, 450, 525, 600), and no input_size.')
        classes = tuple(classes or ade_classes())
        network = CSAILUPerNet(len(classes), depth, base_channels)
        weights = None if encoder is None or decoder is None else {'encoder.': encoder, 'decoder.': decoder}
        super().__init__(network, classes, weights, official_layers(network), class_map, input_size)
        self.test_sizes = None if test_sizes is None else tuple(test_sizes)

    def segment(self, images: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Probabilities, as of a call, and the network's features, as of ``features``: of the last of several sizes."""
        if self.test_sizes is None:
            return super().segment(images)
        size, total = (images.shape[-2], images.shape[-1]), torch.zeros((), device=images.device)
        for length in self.test_sizes:
            logits, features = self.frozen(self._normalised(images, size_at_test(size, length)))
            total = total + F.interpolate(logits.float(), size, mode='bilinear', align_corners=False).softmax(dim=1)
        return total / len(self.test_sizes), features


def size_at_test(size: Size, length: int) -> Size:
    """The size at which the official test looks at images of a size, for that length of the shorter side."""
    scale = min(length / min(size), LARGEST / max(size))
    height, width = (-(-int(side * scale) // MULTIPLE) * MULTIPLE for side in size)
    return height, width

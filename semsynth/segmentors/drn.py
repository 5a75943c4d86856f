"""DRN-D-105, which judged Cityscapes in the papers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from mmseg.utils import cityscapes_classes
from torch import Tensor, nn
from torchvision.models.resnet import Bottleneck

from semsynth.registry import SEGMENTORS
from semsynth.segmentors.released import ReleasedSegmentor, Size


class DRN(nn.Module):
    """A dilated residual network of kind D with bottlenecks, and its segmentation (Yu et al., CVPR 2017).

    Nine levels: three of a convolution each, four of ResNet's bottlenecks, and two of a convolution each again, which
    remove the grid that dilation leaves. The map has an eighth of the input's size; each class of it is enlarged by a
    transposed convolution of its own. The layers have their official names.

    Args:
        num_classes: number of classes.
        base_channels: width of the first bottlenecks; 64 in the released network.
        num_blocks: bottlenecks in each of the four levels that have them; (3, 4, 23, 3) in DRN-D-105.
    """

    def __init__(self, num_classes: int = 19, base_channels: int = 64, num_blocks: Sequence[int] = (3, 4, 23, 3)):
        super().__init__()
        width = base_channels
        levels: list[nn.Module] = [_convolution(3, width // 4, 7), _convolution(width // 4, width // 4),
                                   _convolution(width // 4, width // 2, stride=2)]
        channels = width // 2
        for number, (blocks, stride, dilation) in enumerate(
                zip(num_blocks, (2, 2, 1, 1), (1, 1, 2, 4), strict=True)):
            levels.append(_bottlenecks(channels, width << number, blocks, stride, dilation))
            channels = (width << number) * Bottleneck.expansion
        levels += [_convolution(channels, 8 * width, dilation=2), _convolution(8 * width, 8 * width)]
        self.base = nn.Sequential(*levels)
        self.seg = nn.Conv2d(8 * width, num_classes, 1)
        self.up = nn.ConvTranspose2d(num_classes, num_classes, 16, stride=8, padding=4, groups=num_classes, bias=False)

    def forward(self, x: Tensor) -> tuple[Tensor, list[Tensor]]:
        """``(B, 3, H, W)`` to logits ``(B, N, H, W)`` and the features of the last six levels."""
        height, width = x.shape[-2:]
        features = []
        for level in self.base:
            x = level(x)
            features.append(x)
        return self.up(self.seg(x))[..., :height, :width], features[3:]


@SEGMENTORS.register_module()
class DRNSegmentor(ReleasedSegmentor):
    """DRN-D-105 by Yu et al. with its own weights: the judge of Cityscapes in SPADE, CC-FPSE, OASIS and ECGAN.

    The input is normalised by the mean and deviation of Cityscapes' training images. A height or width that is no
    multiple of 8 is enlarged beyond the image, and cropped.

    Args:
        checkpoint: file of the released weights, ``drn-d-105_ms_cityscapes.pth``; None leaves it at random weights, for
            tests.
        class_map: as of ``Segmentor``.
        input_size: as of ``ReleasedSegmentor``; whoever judges at Cityscapes' full size says ``(1024, 2048)``.
        classes: names of the classes, Cityscapes' 19 by default, for weights of one's own.
        base_channels: as of ``DRN``.
        num_blocks: as of ``DRN``.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: as of ``ReleasedSegmentor``.
    """

    published = ("drn-d-105_ms_cityscapes.pth is in the folder that the authors' page https://github.com/fyu/drn "
                 'links, http://go.yf.io/drn-cityscapes-models.')
    # the training images' own, as published to full precision
    mean = (0.29010095242892997 * 255, 0.32808144844279574 * 255, 0.28696394422942517 * 255)
    std = (0.1829540508368939 * 255, 0.18656561047509476 * 255, 0.18447508988480435 * 255)

    def __init__(self, checkpoint: str | Path | None = None, class_map: str | Sequence[int] | None = None,
                 input_size: Size | None = None, classes: Sequence[str] | None = None, base_channels: int = 64,
                 num_blocks: Sequence[int] = (3, 4, 23, 3)):
        classes = tuple(classes or cityscapes_classes())
        super().__init__(DRN(len(classes), base_channels, num_blocks), classes,
                         None if checkpoint is None else {'': checkpoint}, {}, class_map, input_size)


def _convolution(before: int, after: int, size: int = 3, stride: int = 1, dilation: int = 1) -> nn.Sequential:
    convolution = nn.Conv2d(before, after, size, stride, dilation * (size // 2), dilation, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(after), nn.ReLU(inplace=True))


def _bottlenecks(before: int, width: int, number: int, stride: int, dilation: int) -> nn.Sequential:
    after = width * Bottleneck.expansion
    shortcut = nn.Sequential(nn.Conv2d(before, after, 1, stride, bias=False), nn.BatchNorm2d(after))
    return nn.Sequential(Bottleneck(before, width, stride, shortcut, dilation=dilation),
                         *(Bottleneck(after, width, dilation=dilation) for _ in range(number - 1)))

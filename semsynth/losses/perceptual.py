"""Perceptual loss on VGG19's features (pix2pixHD, 4; SPADE; ECGAN, eq. 10)."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from semsynth.checkpoints import load_checkpoint, weights_in
from semsynth.layers.frozen import Frozen
from semsynth.losses.frozen_features import FrozenFeatureLoss
from semsynth.registry import LOSSES
from semsynth.weights import find_weights

if TYPE_CHECKING:
    from semsynth.models.step import Step

VGG19 = 'https://download.pytorch.org/models/vgg19-dcbb9e9d.pth'
ENDS = (2, 7, 12, 21, 30)
"""Where relu1_1, relu2_1, relu3_1, relu4_1 and relu5_1 end in torchvision's ``vgg19().features``."""
IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
"""Mean and standard deviation of RGB in [0, 1]."""
INPUTS = {'raw': ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5)), 'imagenet': IMAGENET}


def vgg19(weights: str | Path | None = None, ends: Sequence[int] = ENDS) -> nn.ModuleList:
    """VGG19's convolutions, cut into parts; what is behind the last part is left out.

    Args:
        weights: path of torchvision's ``vgg19-dcbb9e9d.pth``; None looks for it in the folder that the environment
            variable ``SEMSYNTH_WEIGHTS`` names, in torch's cache, then downloads it; ``'random'`` is for tests.
        ends: where the parts end in torchvision's ``vgg19().features``.

    Raises:
        FileNotFoundError: the weights are nowhere; the message says which file to put where.
        ValueError: the file does not hold VGG19's weights.
    """
    from torchvision.models.vgg import cfgs, make_layers
    layers = make_layers(cfgs['E'], batch_norm=False)[:ends[-1]]
    if weights != 'random':
        path = find_weights(weights or VGG19)
        stored = weights_in(load_checkpoint(path), path)
        try:
            layers.load_state_dict({name: stored[f'features.{name}'] for name in layers.state_dict()})
        except (KeyError, RuntimeError) as error:
            raise ValueError(f"{path} does not hold the weights of torchvision's VGG19 ({error}); "
                             f'expected the file {VGG19}') from error
    return nn.ModuleList(layers[start:end] for start, end in pairwise((0, *ends)))


@LOSSES.register_module()
class PerceptualLoss(FrozenFeatureLoss):
    """L1 between VGG19's features of each view and of the real image, summed over levels and views.

    The levels are relu1_1, relu2_1, relu3_1, relu4_1 and relu5_1. Images are at least 16 x 16.

    Args:
        weights: path of ``vgg19-dcbb9e9d.pth``, None, or ``'random'`` for tests; see `vgg19`.
        input: ``'raw'`` feeds images as they are, in ``[-1, 1]`` (pix2pixHD, SPADE, OASIS); ``'imagenet'`` normalises
            them as VGG19 was trained.
        level_weights: factor of each level's mean absolute difference, by default those of pix2pixHD's released code,
            which SPADE and CC-FPSE took over. All 1 is the equation that pix2pixHD prints, whose 1/M_i turns the
            i-th level's sum over its M_i elements into their mean.
        weight: factor of the whole term (pix2pixHD, SPADE, ECGAN: 10).
        views: weight of each view that it is for; by default the model's views with their weights.

    Raises:
        FileNotFoundError: the weights are nowhere; the message says which file to put where.
        ValueError: the file is not VGG19's weights, the input is none of the two, or the level weights are not as many
            as the levels.
    """

    ends = ENDS
    levels = ('relu1_1', 'relu2_1', 'relu3_1', 'relu4_1', 'relu5_1')
    """Names of what ``features`` returns."""

    def __init__(self, weights: str | Path | None = None, input: str = 'raw',
                 level_weights: Sequence[float] = (1 / 32, 1 / 16, 1 / 8, 1 / 4, 1.0), weight: float = 1.0,
                 views: dict[str, float] | None = None):
        super().__init__(weight, views)
        if len(level_weights) != len(self.levels):
            raise ValueError(f'{type(self).__name__}: {len(level_weights)} weights are given for {len(self.levels)} '
                             f'levels; give one each for {", ".join(self.levels)}.')
        self.level_weights = tuple(level_weights)
        if input not in INPUTS:
            raise ValueError(f'PerceptualLoss: input={input!r} is not one of {", ".join(INPUTS)}.')
        mean, std = (torch.tensor(values).view(1, 3, 1, 1) for values in INPUTS[input])
        self.register_buffer('mean', 2 * mean - 1, persistent=False)
        self.register_buffer('std', 2 * std, persistent=False)
        self.vgg = Frozen(vgg19(weights, self.ends))

    def normalise(self, images: Tensor) -> Tensor:
        """What VGG19 is fed of images ``(B, 3, H, W)`` in ``[-1, 1]``."""
        return (images - self.mean) / self.std

    def features(self, step: Step, images: Tensor) -> list[Tensor]:
        """VGG19's features at the five levels."""
        features, x = [], self.normalise(images)
        for part in self.vgg.network:
            x = part(x)
            features.append(x)
        return features

    def weights_of(self, levels: int) -> tuple[float, ...]:
        """As given."""
        return self.level_weights

"""Perceptual loss on the features of a network that knows ImageNet (pix2pixHD, 4; SPADE; ECGAN, eq. 10)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from semsynth.errors import check_option
from semsynth.layers.efficientnet_lite import LEVELS as LITE_LEVELS
from semsynth.layers.efficientnet_lite import efficientnet_lite
from semsynth.layers.frozen import Frozen
from semsynth.layers.pretrained import MEAN, STD
from semsynth.losses.frozen_features import FrozenFeatureLoss, averaging, checked_weights, feature_l1
from semsynth.registry import LOSSES
from semsynth.weights import find_weights, hash_weights, load_checkpoint, weights_in

if TYPE_CHECKING:
    from semsynth.losses.step import Step

WEIGHTS = 'https://download.pytorch.org/models/vgg19-dcbb9e9d.pth'
ENDS = (2, 7, 12, 21, 30)
"""Where relu1_1, relu2_1, relu3_1, relu4_1 and relu5_1 end in torchvision's ``vgg19().features``."""
INPUTS = {'raw': ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5)), 'imagenet': (MEAN, STD)}
"""Mean and standard deviation of RGB in [0, 1], by the name of the input."""
LEVEL_WEIGHTS = (1 / 32, 1 / 16, 1 / 8, 1 / 4, 1.0)
"""Those of pix2pixHD's released code, which SPADE and CC-FPSE took over."""
LEVELS = dict(vgg19=('relu1_1', 'relu2_1', 'relu3_1', 'relu4_1', 'relu5_1'),
              efficientnet_lite0=LITE_LEVELS)
"""The networks of ``PerceptualLoss``, and the names of their features."""


class VGG19Features(nn.ModuleList):
    """VGG19's convolutions, cut into parts: images to the features at the end of each part.

    Args:
        parts: the layers of each part.
        input: ``'raw'`` feeds images as they are, in ``[-1, 1]``; ``'imagenet'`` normalises them as VGG19 was trained.
        images: whether the images, as they are fed, come first among the features.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, parts: Iterable[nn.Module], input: str = 'raw', images: bool = False):
        super().__init__(parts)
        self.images, self.takes_raw = images, input == 'raw'
        mean, std = (torch.tensor(values).view(1, 3, 1, 1) for values in INPUTS[input])
        self.register_buffer('mean', 2 * mean - 1, persistent=False)
        self.register_buffer('std', 2 * std, persistent=False)

    def normalise(self, images: Tensor) -> Tensor:
        """What VGG19 is fed of images ``(B, 3, H, W)``, or gray ``(B, 1, H, W)``, in ``[-1, 1]``."""
        return images if self.takes_raw and images.shape[1] == 3 else (images - self.mean) / self.std

    def forward(self, images: Tensor) -> list[Tensor]:
        """Images, as of ``normalise``, to features ``(B, C_i, H_i, W_i)``, level by level."""
        x = self.normalise(images)
        features = [x] if self.images else []
        for part in self:
            x = part(x)
            features.append(x)
        return features


def vgg19(weights: str | Path | None = None, input: str = 'raw', ends: Sequence[int] = ENDS, images: bool = False,
          average: bool = False) -> VGG19Features:
    """VGG19's convolutions, cut into parts; what is behind the last part is left out.

    Args:
        weights: path of torchvision's ``vgg19-dcbb9e9d.pth``; None looks for it in the folder that the environment
            variable ``SEMSYNTH_WEIGHTS`` names, in torch's cache, then downloads it; ``'random'`` is for tests.
        input: ``'raw'`` or ``'imagenet'``, as of ``VGG19Features``.
        ends: where the parts end in torchvision's ``vgg19().features``.
        images: whether the images, as they are fed, come first among the features.
        average: whether pooling takes the mean, not the maximum.

    Raises:
        FileNotFoundError: the weights are nowhere; the message says which file to put where.
        ValueError: the file does not hold VGG19's weights, or there is no such input.
    """
    from torchvision.models.vgg import cfgs, make_layers
    check_option('vgg19', 'input', input, INPUTS)
    layers = make_layers(cfgs['E'], batch_norm=False)[:ends[-1]]
    if weights != 'random':
        path = find_weights(weights or WEIGHTS)
        stored = weights_in(load_checkpoint(path), path)
        try:
            layers.load_state_dict({name: stored[f'features.{name}'] for name in layers.state_dict()})
        except (KeyError, RuntimeError) as error:
            raise ValueError(f"{path} does not hold the weights of torchvision's VGG19 ({error}); "
                             f'expected the file {WEIGHTS}') from error
    if average:
        layers = nn.Sequential(*(nn.AvgPool2d(2) if isinstance(layer, nn.MaxPool2d) else layer for layer in layers))
    return VGG19Features((layers[start:end] for start, end in pairwise((0, *ends))), input, images)


def perceptual_loss(network: nn.Module, output: Tensor, target: Tensor,
                    level_weights: Sequence[float] | None = LEVEL_WEIGHTS) -> Tensor:
    """L1 between a network's features of a synthesised and of a real image, weighted and summed over levels.

    Args:
        network: images to a list of feature maps, such as ``vgg19``.
        output: synthesised images ``(B, 3, H, W)`` in ``[-1, 1]``.
        target: the real ones; no gradient flows to them.
        level_weights: factor of each level's mean absolute difference; None for 1 / levels.

    Returns:
        A scalar, at least float32.

    Examples:
        >>> import torch
        >>> from semsynth.losses import perceptual_loss, vgg19
        >>> image = torch.zeros(1, 3, 16, 16)
        >>> perceptual_loss(vgg19('random'), image, image).item()
        0.0
    """
    with torch.no_grad():
        real = network(target)
    return feature_l1(network(output), real, level_weights)


@LOSSES.register_module()
class PerceptualLoss(FrozenFeatureLoss):
    """L1 between a frozen network's features of each view and of the real image, summed over levels and views.

    The networks know ImageNet. VGG19 is the papers' choice; its levels are relu1_1, relu2_1, relu3_1, relu4_1 and
    relu5_1, and images are at least 16 x 16. EfficientNet-Lite0 is small enough for a CPU; its levels are the last
    blocks at 1/4, 1/8, 1/16 and 1/32 of the size.

    Args:
        weights: path of the network's weights, None, or ``'random'`` for tests; see ``vgg19`` and
            ``efficientnet_lite``.
        input: for VGG19: ``'raw'``, its default, feeds images as they are, in ``[-1, 1]`` (pix2pixHD, SPADE, OASIS);
            ``'imagenet'`` normalises them as VGG19 was trained.
        level_weights: factor of each level's mean absolute difference. VGG19's are by default those of pix2pixHD's
            released code, which SPADE and CC-FPSE took over. All 1 is the equation that pix2pixHD prints, whose 1/M_i
            turns the i-th level's sum over its M_i elements into their mean. EfficientNet-Lite0's are by default
            1/4 each.
        weight: factor of the whole term (pix2pixHD, SPADE, ECGAN: 10).
        views: weight of each view that it is for; by default the model's views with their weights.
        network: ``'vgg19'`` or ``'efficientnet_lite0'``.

    Raises:
        FileNotFoundError: the weights are nowhere; the message says which file to put where, or what to install.
        ValueError: the file is not the network's weights, the input or the network is none of the two, or the level
            weights are not as many as the levels.
    """

    def __init__(self, weights: str | Path | None = None, input: str | None = None,
                 level_weights: Sequence[float] | None = None, weight: float = 1.0,
                 views: dict[str, float] | None = None, network: str = 'vgg19'):
        super().__init__(weight, views)
        name = type(self).__name__
        check_option(name, 'network', network, LEVELS)
        levels, is_vgg = LEVELS[network], network == 'vgg19'
        if input and not is_vgg:
            raise ValueError(f"{name}: input={input!r} is for VGG19; {network} takes images as it was trained. Leave "
                             'it out.')
        if level_weights is None:
            level_weights = LEVEL_WEIGHTS if is_vgg else averaging(len(levels))
        self.level_weights = checked_weights(level_weights, levels, name)
        self.network = network
        self.frozen = Frozen(vgg19(weights, input or 'raw') if is_vgg else efficientnet_lite(0, weights))

    @cached_property
    def networks(self) -> Mapping[str, str]:
        """The network, by the hash of its weights."""
        return {hash_weights(self.frozen.network): self.network}

    def features(self, step: Step, images: Tensor) -> list[Tensor]:
        """The network's features at the levels."""
        return self.frozen(images)

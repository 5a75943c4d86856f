"""The regression that cascaded refinement networks are trained by (Chen & Koltun 2017, eq. 1)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from torch import Tensor, nn

from semsynth.layers.frozen import Frozen
from semsynth.losses.frozen_features import FrozenFeatureLoss, checked_weights
from semsynth.losses.perceptual import perceptual_loss, vgg19
from semsynth.registry import LOSSES
from semsynth.weights import hash_weights

if TYPE_CHECKING:
    from semsynth.losses.step import Step

LAYER_WEIGHTS = (1.0, 1 / 2.6, 1 / 4.8, 1 / 3.7, 1 / 5.6, 10 / 1.5)
"""Those of the released code."""
LEVELS = ('the image', 'relu1_2', 'relu2_2', 'relu3_2', 'relu4_2', 'relu5_2')
ENDS = (4, 9, 14, 23, 32)
"""Where the layers end in torchvision's ``vgg19().features``."""


def crn_vgg19(weights: str | Path | None = None) -> nn.Module:
    """The network that ``crn_loss`` compares images by: they themselves, and VGG19's features at five layers.

    Args:
        weights: as of ``vgg19``.
    """
    return vgg19(weights, 'imagenet', ENDS, images=True, average=True)


def crn_loss(network: nn.Module, output: Tensor, target: Tensor,
             layer_weights: Sequence[float] = LAYER_WEIGHTS) -> Tensor:
    """L1 between images and between their features, weighted and summed over layers.

    Args:
        network: as of ``crn_vgg19``.
        output: synthesised images ``(B, 3, H, W)`` in ``[-1, 1]``.
        target: the real ones; no gradient flows to them.
        layer_weights: factor of each layer's mean absolute difference.

    Returns:
        A scalar, at least float32.

    Examples:
        >>> import torch
        >>> from semsynth.losses import crn_loss, crn_vgg19
        >>> image = torch.zeros(1, 3, 16, 16)
        >>> crn_loss(crn_vgg19('random'), image, image).item()
        0.0
    """
    return perceptual_loss(network, output, target, layer_weights)


@LOSSES.register_module()
class CRNLoss(FrozenFeatureLoss):
    """L1 between image and real image, and between VGG19's features of both, weighted and summed over layers and views.

    The layers are the image itself, relu1_2, relu2_2, relu3_2, relu4_2 and relu5_2, of a VGG19 that averages where it
    was trained to take the maximum (released code). Images are normalised as VGG19 was trained, and the image term is
    taken on them so: that keeps the proportion of image and features that the released code has on 0..255, where it
    subtracts the mean only and its VGG19 is Caffe's. Images are at least 16 x 16.

    Args:
        layer_weights: factors lambda of the six mean absolute differences; the released code's by default.
        weights: path of ``vgg19-dcbb9e9d.pth``, None, or ``'random'`` for tests; see ``vgg19``.
        weight: factor of the whole term.
        views: weight of each view that it is for; by default the model's views with their weights.

    Raises:
        FileNotFoundError: the weights are nowhere; the message says which file to put where.
        ValueError: the file is not VGG19's weights, or the layer weights are not six.
    """

    def __init__(self, layer_weights: Sequence[float] = LAYER_WEIGHTS, weights: str | Path | None = None,
                 weight: float = 1.0, views: dict[str, float] | None = None):
        super().__init__(weight, views)
        self.level_weights = checked_weights(layer_weights, LEVELS, type(self).__name__)
        self.frozen = Frozen(crn_vgg19(weights))

    @cached_property
    def networks(self) -> Mapping[str, str]:
        """VGG19, by the hash of its weights."""
        return {hash_weights(self.frozen.network): 'vgg19'}

    def features(self, step: Step, images: Tensor) -> list[Tensor]:
        """The images as VGG19 is fed them, and its features at the layers."""
        return self.frozen(images)

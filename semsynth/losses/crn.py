"""The regression that cascaded refinement networks are trained by (Chen & Koltun 2017, eq. 1)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from torch import Tensor, nn

from semsynth.losses.perceptual import PerceptualLoss
from semsynth.registry import LOSSES

if TYPE_CHECKING:
    from semsynth.models.step import Step


@LOSSES.register_module()
class CRNLoss(PerceptualLoss):
    """L1 between image and real image, and between VGG19's features of both, weighted and summed over layers and views.

    The layers are the image itself, relu1_2, relu2_2, relu3_2, relu4_2 and relu5_2, of a VGG19 that averages where it
    was trained to take the maximum (released code). Images are normalised as VGG19 was trained, and the image term is
    taken on them so: that keeps the proportion of image and features that the released code has on 0..255, where it
    subtracts the mean only and its VGG19 is Caffe's. Images are at least 16 x 16.

    Args:
        layer_weights: factors lambda of the six mean absolute differences; the released code's by default.
        weights: path of ``vgg19-dcbb9e9d.pth``, None, or ``'random'`` for tests; see `vgg19`.
        weight: factor of the whole term.
        views: weight of each view that it is for; by default the model's views with their weights.

    Raises:
        FileNotFoundError: the weights are nowhere; the message says which file to put where.
        ValueError: the file is not VGG19's weights, or the layer weights are not six.
    """

    ends = (4, 9, 14, 23, 32)
    levels = ('the image', 'relu1_2', 'relu2_2', 'relu3_2', 'relu4_2', 'relu5_2')

    def __init__(self, layer_weights: Sequence[float] = (1.0, 1 / 2.6, 1 / 4.8, 1 / 3.7, 1 / 5.6, 10 / 1.5),
                 weights: str | Path | None = None, weight: float = 1.0, views: dict[str, float] | None = None):
        super().__init__(weights, 'imagenet', layer_weights, weight, views)
        for part in self.vgg.network:
            for i, layer in enumerate(part):
                if isinstance(layer, nn.MaxPool2d):
                    part[i] = nn.AvgPool2d(2)

    def features(self, step: Step, images: Tensor) -> list[Tensor]:
        """The normalised images and VGG19's features at the five layers."""
        return [self.normalise(images), *super().features(step, images)]

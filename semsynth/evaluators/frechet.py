"""Evaluators of the Fréchet distance alone, by their usual names: those of ``features`` with one measure."""

from __future__ import annotations

from typing import Literal

from semsynth.evaluators.features import EfficientNetLiteStatistics, FeatureStatistics, InceptionStatistics
from semsynth.registry import EVALUATORS


@EVALUATORS.register_module()
class FrechetDistance(FeatureStatistics):
    """Fréchet distance on a segmentor's features: each backbone stage averaged over the image, all stages joined.

    Its score is ``frechet_NAME``: only the distance on Inception's features is called FID.

    Args:
        judge: config of a segmentor; not the one that a loss of the judged model reads.
        name: the network's name in the score.
        settings: see ``Evaluator``.
    """

    def __init__(self, judge: dict, name: str = 'judge', **settings):
        super().__init__(judge, name, ('frechet',), **settings)


@EVALUATORS.register_module()
class FrechetEfficientNetLite0(EfficientNetLiteStatistics):
    """Fréchet distance on EfficientNet-Lite0, which knows ImageNet: its features at four sizes, each averaged over the
    image, all joined.

    Its score is ``frechet_efficientnet_lite0``. It is no FID, and is not to be compared with one.

    Args:
        weights: path of the weights, or None; see ``efficientnet_lite``.
        settings: see ``Evaluator``.

    Raises:
        FileNotFoundError: the weights are nowhere; the message says what to install.
        ValueError: the file does not hold EfficientNet-Lite0's weights.
    """

    lite: Literal[0, 1] = 0
    """The network's size."""

    def __init__(self, weights: str | None = None, **settings):
        super().__init__(self.lite, weights, ('frechet',), **settings)


@EVALUATORS.register_module()
class FrechetEfficientNetLite1(FrechetEfficientNetLite0):
    """The same on EfficientNet-Lite1, for models that were trained on EfficientNet-Lite0.

    Its score is ``frechet_efficientnet_lite1``.
    """

    lite = 1


@EVALUATORS.register_module()
class FrechetInceptionDistance(InceptionStatistics):
    """Fréchet Inception distance (Heusel et al., 2017) with the weights ported from TensorFlow, by torch-fidelity.

    The network itself resizes the images to 299x299, bilinearly as TensorFlow 1 does.

    Args:
        weights: path of the weights; by default torch-fidelity's own file: in the folder that ``SEMSYNTH_WEIGHTS``
            names, in torch's cache, or by its download.
        settings: see ``Evaluator``.

    Raises:
        FileNotFoundError: the weights are nowhere; the message says where to put them.
    """

    def __init__(self, weights: str | None = None, **settings):
        super().__init__(weights, ('frechet',), **settings)

"""Fréchet distance between synthesised and real images, in a network's feature space."""

from __future__ import annotations

import logging
from abc import abstractmethod
from collections.abc import Sequence
from typing import Any

import torch
from mmengine.logging import print_log
from torch import Tensor, nn

from semsynth.evaluators.base import Evaluator
from semsynth.layers.efficientnet_lite import efficientnet_lite
from semsynth.registry import EVALUATORS, SEGMENTORS
from semsynth.weights import find_weights, hash_weights, load_checkpoint, weights_in


def frechet_distance(first: Tensor, second: Tensor) -> float:
    """Squared Fréchet distance between the Gaussians fitted to two sets of features (Heusel et al., 2017, eq. 6).

    ``|m1 - m2|^2 + tr(S1) + tr(S2) - 2 tr((S1 S2)^(1/2))``. With ``S = A' A``, where ``A`` is the centred features over
    ``sqrt(n - 1)``, the last trace is the sum of the singular values of ``A1 A2'``: no root of a matrix is taken, and
    fewer images than features (a singular covariance) are no special case. In float64.

    Args:
        first, second: features ``(n, d)``, n at least 2.

    Raises:
        ValueError: a set has fewer than 2 images, or a feature is not finite.
    """
    first, second = first.double(), second.double()
    if min(len(first), len(second)) < 2:
        raise ValueError(f'A Fréchet distance needs at least 2 images a set; there are {len(first)} and {len(second)}.')
    if not (first.isfinite().all() and second.isfinite().all()):
        raise ValueError('A Fréchet distance needs finite features; the images or the network have produced others.')
    means = first.mean(0) - second.mean(0)
    one, other = _scatter_root(first), _scatter_root(second)
    cross = torch.linalg.svdvals(one @ other.T).sum()
    return (means.square().sum() + one.square().sum() + other.square().sum() - 2 * cross).clamp(min=0).item()


def _scatter_root(features: Tensor) -> Tensor:
    """Some ``A`` with ``A' A`` the covariance of the features ``(n, d)``, of at most d rows."""
    centred = (features - features.mean(0)) / (len(features) - 1) ** 0.5
    return torch.linalg.qr(centred, mode='r').R if len(centred) > centred.shape[1] else centred


class FrechetEvaluator(Evaluator):
    """Fréchet distance between the synthesised and the real images of a set, lower is better.

    ``oracle_SCORE`` is the distance between the real images at even and at odd places. As each half has half as many
    images, it is a little higher than the distance of other photos of the same scenes would be.

    Args:
        score: name of the score.
        network: what gives the features.
        facts: what the protocol says of the network.
        settings: see ``Evaluator``.
    """

    def __init__(self, score: str, network: nn.Module, weights_hash: str, facts: dict[str, Any], **settings):
        super().__init__(**settings)
        self.score = score
        self.network: Any = network.to(self.device)  # of a kind that the subclass knows
        self.judges = {score: weights_hash}
        self.titles = {score: f'Fréchet distance, {score.removeprefix("frechet_")} ↓'}
        self.protocol |= dict(facts, weights_hash=weights_hash, reference='the real images of the same samples',
                              oracle='real images at even places against those at odd places, half as many each')

    @abstractmethod
    def embed(self, image: Tensor) -> Tensor:
        """Features ``(d,)`` float64, on the CPU, of an image ``(3, H, W)`` uint8."""

    @torch.no_grad()
    def process(self, data_batch: Any, data_samples: Sequence[dict]) -> None:
        """Keep the features of each sample's output and of its real image."""
        for sample in data_samples:
            real = self.real(sample)
            self.results.append(dict(generated=self.embed(self.generated(sample)),
                                     real=None if real is None else self.embed(real)))

    def compute_metrics(self, results: list[dict]) -> dict[str, float]:
        """The distance and its oracle; nothing, with a warning, where there are fewer than 2 real images."""
        real = [features['real'] for features in results if features['real'] is not None]
        self.protocol |= dict(num_images=len(results), num_real_images=len(real))
        if len(real) < 2:
            way_out = ' Edge maps are compared with those of a data set with edges=dict().' * (self.output == 'edge')
            print_log(f'{self.score} is left out: it needs 2 real images and the set has {len(real)}.{way_out}',
                      logger='current', level=logging.WARNING)
            return {}
        generated, real = torch.stack([features['generated'] for features in results]), torch.stack(real)
        self.protocol |= dict(num_features=real.shape[1])
        scores = {self.score: frechet_distance(generated, real)}
        if len(real) >= 4:
            scores[f'oracle_{self.score}'] = frechet_distance(real[::2], real[1::2])
        return scores


@EVALUATORS.register_module()
class FrechetDistance(FrechetEvaluator):
    """Fréchet distance on a segmentor's features: each backbone stage averaged over the image, all stages joined.

    Its score is ``frechet_NAME``: only the distance on Inception's features is called FID.

    Args:
        judge: config of a segmentor; not the one that a loss of the judged model reads.
        name: the network's name in the score.
        settings: see ``Evaluator``.
    """

    def __init__(self, judge: dict, name: str = 'judge', **settings):
        segmentor = SEGMENTORS.build(judge)
        facts = dict(network=judge, features='stages of the backbone, each averaged over the image, joined')
        super().__init__(f'frechet_{name}', segmentor, segmentor.weights_hash, facts, **settings)

    def embed(self, image: Tensor) -> Tensor:
        """Features ``(d,)`` float64, on the CPU, of an image ``(3, H, W)`` uint8."""
        stages = self.network.features(self.resized(image))
        return torch.cat([stage[0].double().mean((1, 2)) for stage in stages]).cpu()


@EVALUATORS.register_module()
class FrechetEfficientNetLite0(FrechetEvaluator):
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

    lite = 0
    """The network's size."""

    def __init__(self, weights: str | None = None, **settings):
        network = efficientnet_lite(self.lite, weights)
        facts = dict(network=f'EfficientNet-Lite{self.lite}, trained on ImageNet',
                     features='the last blocks at 1/4, 1/8, 1/16 and 1/32, each averaged over the image, joined')
        super().__init__(f'frechet_efficientnet_lite{self.lite}', network, hash_weights(network), facts, **settings)

    def embed(self, image: Tensor) -> Tensor:
        """Features ``(d,)`` float64, on the CPU, of an image ``(3, H, W)`` uint8."""
        return torch.cat([level[0].double().mean((1, 2)) for level in self.network(self.resized(image))]).cpu()


@EVALUATORS.register_module()
class FrechetEfficientNetLite1(FrechetEfficientNetLite0):
    """The same on EfficientNet-Lite1, for models that were trained on EfficientNet-Lite0.

    Its score is ``frechet_efficientnet_lite1``.
    """

    lite = 1


@EVALUATORS.register_module()
class FrechetInceptionDistance(FrechetEvaluator):
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
        # Imported here, because it takes seconds and no other evaluator needs it.
        from torch_fidelity.feature_extractor_inceptionv3 import URL_INCEPTION_V3, FeatureExtractorInceptionV3

        path = find_weights(weights or URL_INCEPTION_V3)
        # torch-fidelity reads the file without weights_only, so it gets none that was not read safely before.
        weights_in(load_checkpoint(path), path)
        network = FeatureExtractorInceptionV3('inception-v3-compat', ['2048'], str(path))
        facts = dict(network='Inception v3 of 2015-12-05, ported from TensorFlow', features='2048, pooled')
        super().__init__('FID', network, hash_weights(network), facts, **settings)
        self.titles = dict(FID='FID ↓')

    def embed(self, image: Tensor) -> Tensor:
        """Features ``(2048,)`` float64, on the CPU, of an image ``(3, H, W)`` uint8."""
        image = ((self.resized(image) + 1) * 127.5).round().to(torch.uint8)
        return self.network(image)[0][0].double().cpu()

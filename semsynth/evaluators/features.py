"""Statistics of a network's features: several scores of synthesised against real images, from one pass over each."""

from __future__ import annotations

import logging
from abc import abstractmethod
from collections.abc import Sequence
from typing import Any, Literal

import torch
from mmengine.logging import print_log
from torch import Tensor, nn

from semsynth.errors import few_images
from semsynth.evaluators.base import Evaluator
from semsynth.evaluators.distances import frechet_distance, kernel_distance, precision_recall
from semsynth.layers.efficientnet_lite import efficientnet_lite
from semsynth.registry import EVALUATORS, SEGMENTORS
from semsynth.scores import oracle_of
from semsynth.weights import find_weights, hash_weights, load_checkpoint, weights_in

Measure = Literal['frechet', 'kernel', 'precision_recall']
ALL: tuple[Measure, ...] = ('frechet', 'kernel', 'precision_recall')
TITLES = dict(frechet='Fréchet distance, {} ↓', kernel='kernel distance, {} ↓', precision='precision, {} ↑',
              recall='recall, {} ↑')
KERNEL = '(x . y / d + 1)^3, unbiased, all images at once'


class FeatureEvaluator(Evaluator):
    """Scores of the synthesised against the real images of a set, in a network's feature space.

    ``frechet``: Fréchet distance, lower is better. ``kernel``: kernel distance (unbiased, of all images at once, which
    estimates what the mean over random subsets does), lower is better. ``precision_recall``: shares, 0 to 1, of the
    synthesised images that look like real ones, and of the real ones that the synthesised ones cover; higher is better.
    The network sees each image once, however many of them are asked for.

    ``oracle_SCORE`` is the score of the real images at even against those at odd places. As each half has half as many
    images, distances are a little higher than those of other photos of the same scenes would be.

    Args:
        name: of the network, behind the name of each score.
        network: what gives the features.
        weights_hash: of its weights.
        facts: what the protocol says of the network.
        measures: which scores.
        neighbours: k of precision and recall.
        names: of scores that are not called ``MEASURE_NAME``.
        settings: see ``Evaluator``.

    Raises:
        ValueError: there is no measure, or no neighbour.
    """

    def __init__(self, name: str, network: nn.Module, weights_hash: str, facts: dict[str, Any],
                 measures: Sequence[Measure] = ALL, neighbours: int = 3, names: dict[str, str] | None = None,
                 **settings):
        super().__init__(**settings)
        if not measures or neighbours < 1:
            raise ValueError(f'{type(self).__name__}: measures={list(measures)}, neighbours={neighbours}: expected at '
                             f'least one of {", ".join(ALL)}, and a neighbour.')
        self.network: Any = network.to(self.device)  # of a kind that the subclass knows
        self.measures, self.neighbours = tuple(measures), neighbours
        scores = [score for measure in measures for score in measure.split('_')]
        self.names = {score: f'{score}_{name}' for score in scores} | {
            score: given for score, given in (names or {}).items() if score in scores}
        self.judges = dict.fromkeys(self.names.values(), weights_hash)
        self.titles = {own: TITLES[score].format(name) if own == f'{score}_{name}' else f'{own} ↓'
                       for score, own in self.names.items()}
        self.protocol |= dict(facts, weights_hash=weights_hash, reference='the real images of the same samples',
                              oracle='real images at even places against those at odd places, half as many each')
        if 'kernel' in measures:
            self.protocol['kernel'] = KERNEL
        if 'precision_recall' in measures:
            self.protocol['neighbours'] = neighbours

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
        """The scores and their oracles; a score is left out, with a warning, where there are too few real images."""
        images = [features['real'] for features in results if features['real'] is not None]
        self.protocol |= dict(num_images=len(results), num_real_images=len(images))
        scores: dict[str, float] = {}
        real = torch.stack(images) if images else torch.empty(0, 0)
        generated = torch.stack([features['generated'] for features in results])
        for measure in self.measures:
            least = self.neighbours + 1 if measure == 'precision_recall' else 2
            if min(len(real), len(generated)) < least:
                self._warn(measure, least, len(real))
                continue
            self.protocol |= dict(num_features=real.shape[1])
            scores |= self._scores(measure, generated, real)
            if len(real) >= 2 * least:
                scores |= {oracle_of(name): value for name, value in
                           self._scores(measure, real[::2], real[1::2]).items()}
        if 'frechet' in self.measures and 2 <= min(len(real), len(generated)) < real.shape[1]:
            print_log(few_images(self.names['frechet'], min(len(real), len(generated)), real.shape[1]),
                      logger='current', level=logging.WARNING)
        return scores

    def _scores(self, measure: Measure, generated: Tensor, real: Tensor) -> dict[str, float]:
        if measure == 'precision_recall':
            precision, recall = precision_recall(generated, real, self.neighbours)
            return {self.names['precision']: precision, self.names['recall']: recall}
        distance = frechet_distance if measure == 'frechet' else kernel_distance
        return {self.names[measure]: distance(generated, real)}

    def _warn(self, measure: Measure, least: int, count: int) -> None:
        left_out = [self.names[score] for score in measure.split('_')]
        verbs = ('is', 'needs') if len(left_out) == 1 else ('are', 'need')
        way_out = ' Edge maps are compared with those of a data set with edges=dict().' * (self.output == 'edge')
        print_log(f'{" and ".join(left_out)} {verbs[0]} left out: {"it" if len(left_out) == 1 else "they"} {verbs[1]} '
                  f'{least} real images and the set has {count}.{way_out}', logger='current', level=logging.WARNING)


@EVALUATORS.register_module()
class FeatureStatistics(FeatureEvaluator):
    """Statistics of a segmentor's features: each backbone stage averaged over the image, all stages joined.

    Its scores are ``frechet_NAME``, ``kernel_NAME``, ``precision_NAME`` and ``recall_NAME``: only the distances on
    Inception's features are called FID and KID.

    Args:
        judge: config of a segmentor; not the one that a loss of the judged model reads.
        name: the network's name in the scores.
        measures: which scores; see ``FeatureEvaluator``.
        neighbours: k of precision and recall.
        settings: see ``Evaluator``.
    """

    def __init__(self, judge: dict, name: str = 'judge', measures: Sequence[Measure] = ALL, neighbours: int = 3,
                 **settings):
        segmentor = SEGMENTORS.build(judge)
        facts = dict(network=judge, features='stages of the backbone, each averaged over the image, joined')
        super().__init__(name, segmentor, segmentor.weights_hash, facts, measures, neighbours, **settings)

    def embed(self, image: Tensor) -> Tensor:
        """Features ``(d,)`` float64, on the CPU, of an image ``(3, H, W)`` uint8."""
        stages = self.network.features(self.resized(image))
        return torch.cat([stage[0].double().mean((1, 2)) for stage in stages]).cpu()


@EVALUATORS.register_module()
class EfficientNetLiteStatistics(FeatureEvaluator):
    """Statistics of the features of an EfficientNet-Lite, which knows ImageNet: at four sizes, each averaged over the
    image, all joined.

    Its scores end in ``_efficientnet_lite0`` or ``_efficientnet_lite1``. None is an FID or a KID, nor to be compared
    with one.

    Args:
        lite: the network's size; 1 for models that were trained on EfficientNet-Lite0.
        weights: path of the weights, or None; see ``efficientnet_lite``.
        measures: which scores; see ``FeatureEvaluator``.
        neighbours: k of precision and recall.
        settings: see ``Evaluator``.

    Raises:
        FileNotFoundError: the weights are nowhere; the message says what to install.
        ValueError: the file does not hold the network's weights.
    """

    def __init__(self, lite: Literal[0, 1] = 0, weights: str | None = None, measures: Sequence[Measure] = ALL,
                 neighbours: int = 3, **settings):
        network = efficientnet_lite(lite, weights)
        facts = dict(network=f'EfficientNet-Lite{lite}, trained on ImageNet',
                     features='the last blocks at 1/4, 1/8, 1/16 and 1/32, each averaged over the image, joined')
        super().__init__(f'efficientnet_lite{lite}', network, hash_weights(network), facts, measures, neighbours,
                         **settings)

    def embed(self, image: Tensor) -> Tensor:
        """Features ``(d,)`` float64, on the CPU, of an image ``(3, H, W)`` uint8."""
        return torch.cat([level[0].double().mean((1, 2)) for level in self.network(self.resized(image))]).cpu()


@EVALUATORS.register_module()
class InceptionStatistics(FeatureEvaluator):
    """Statistics of Inception's features, with the weights ported from TensorFlow, by torch-fidelity: ``FID`` (Heusel
    et al., 2017), ``KID`` (Bińkowski et al., 2018), ``precision_inception`` and ``recall_inception``.

    The network itself resizes the images to 299x299, bilinearly as TensorFlow 1 does.

    Args:
        weights: path of the weights; by default torch-fidelity's own file: in the folder that ``SEMSYNTH_WEIGHTS``
            names, in torch's cache, or by its download.
        measures: which scores; see ``FeatureEvaluator``.
        neighbours: k of precision and recall.
        settings: see ``Evaluator``.

    Raises:
        FileNotFoundError: the weights are nowhere; the message says where to put them.
    """

    def __init__(self, weights: str | None = None, measures: Sequence[Measure] = ALL, neighbours: int = 3, **settings):
        # Imported here, because it takes seconds and no other evaluator needs it.
        from torch_fidelity.feature_extractor_inceptionv3 import URL_INCEPTION_V3, FeatureExtractorInceptionV3

        path = find_weights(weights or URL_INCEPTION_V3)
        # torch-fidelity reads the file without weights_only, so it gets none that was not read safely before.
        weights_in(load_checkpoint(path), path)
        network = FeatureExtractorInceptionV3('inception-v3-compat', ['2048'], str(path))
        facts = dict(network='Inception v3 of 2015-12-05, ported from TensorFlow', features='2048, pooled')
        super().__init__('inception', network, hash_weights(network), facts, measures, neighbours,
                         dict(frechet='FID', kernel='KID'), **settings)

    def embed(self, image: Tensor) -> Tensor:
        """Features ``(2048,)`` float64, on the CPU, of an image ``(3, H, W)`` uint8."""
        image = ((self.resized(image) + 1) * 127.5).round().to(torch.uint8)
        return self.network(image)[0][0].double().cpu()

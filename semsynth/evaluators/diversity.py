"""Diversity: distances between images of one layout with different latents or styles."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from semsynth.evaluators.base import Evaluator
from semsynth.registry import EVALUATORS, SEGMENTORS
from semsynth.weights import find_weights, hash_weights, load_checkpoint, weights_in

ALEXNET = 'https://download.pytorch.org/models/alexnet-owt-7be5be79.pth'

Pairs = list[tuple[int, int]]


def neighbours_first(count: int, limit: int) -> Pairs:
    """At most ``limit`` pairs of ``count`` samples; those of neighbouring numbers first, so that all samples take part.

    Raises:
        ValueError: there are fewer than 2 samples, or there is no pair.
    """
    if count < 2 or limit < 1:
        raise ValueError(f'Diversity is a distance between samples of one layout: it needs 2 samples and 1 pair at '
                         f'least; there are {count}, and pairs={limit}.')
    return sorted(combinations(range(count), 2), key=lambda pair: pair[1] - pair[0])[:limit]


class DiversityEvaluator(Evaluator):
    """Mean distance between samples of one layout, higher is more diverse (BicycleGAN, Zhu et al. 2017).

    Pairs are averaged within a layout, then over the layouts, in float64. No real image is looked at. A high score
    alone says little: noise is diverse too.

    Args:
        score: name of the score.
        network: what measures the distance.
        facts: what the protocol says of the network.
        pairs: at most so many pairs a layout, those of neighbouring samples first.
        settings: see ``Evaluator``.
    """

    def __init__(self, score: str, network: nn.Module, weights_hash: str, facts: dict[str, Any], pairs: int = 50,
                 **settings):
        super().__init__(**settings)
        self.score, self.pairs = score, pairs
        self.network: Any = network.to(self.device)  # of a kind that the subclass knows
        self.judges = {score: weights_hash}
        self.titles = {score: f'diversity, {score.removeprefix("diversity_")} ↑'}
        self.protocol |= dict(facts, weights_hash=weights_hash, mean='over the pairs of a layout, then over layouts')

    @abstractmethod
    def distances(self, images: list[Tensor], pairs: Pairs) -> Tensor:
        """The distance of each pair, ``(P,)``, of images ``(1, 3, H, W)`` in ``[-1, 1]``."""

    @torch.no_grad()
    def process(self, data_batch: Any, data_samples: Sequence[Sequence[dict]]) -> None:
        """Keep the mean distance of each layout; ``data_samples`` are the samples of each.

        Raises:
            ValueError: there is one result a layout, as the test loop makes them.
        """
        for samples in data_samples:
            if isinstance(samples, dict):
                raise ValueError(f'{type(self).__name__} compares samples of one layout, of which tests make but one: '
                                 'name it in diversity_evaluator, not in test_evaluator, and run semsynth diversity.')
            images = [self.resized(self.generated(sample)) for sample in samples]
            distances = self.distances(images, neighbours_first(len(images), self.pairs)).double()
            self.results.append(dict(mean=distances.mean().item(), samples=len(images), pairs=len(distances)))

    def compute_metrics(self, results: list[dict]) -> dict[str, float]:
        """The mean over the layouts; completes ``protocol``."""
        self.protocol |= dict(num_layouts=len(results), samples=results[0]['samples'], pairs=results[0]['pairs'])
        return {self.score: sum(layout['mean'] for layout in results) / len(results)}


@EVALUATORS.register_module()
class LPIPSDiversity(DiversityEvaluator):
    """LPIPS (Zhang et al., 2018; version 0.1 on AlexNet, by torchmetrics) between samples of one layout.

    Args:
        weights: path of torchvision's AlexNet; by default ``alexnet-owt-7be5be79.pth`` in the folder that
            ``SEMSYNTH_WEIGHTS`` names, in torch's cache, or by its download.
        pairs: at most so many pairs a layout, those of neighbouring samples first.
        settings: see ``Evaluator``.

    Raises:
        FileNotFoundError: the weights are nowhere; the message says where to put them.
        ValueError: the file does not hold AlexNet's weights.
    """

    def __init__(self, weights: str | Path | None = None, pairs: int = 50, **settings):
        # not torchmetrics' public class, which would download AlexNet's weights by itself
        from torchmetrics.functional.image.lpips import _LPIPS

        path = find_weights(weights or ALEXNET)
        stored, network = weights_in(load_checkpoint(path), path), _LPIPS(net='alex', pnet_rand=True)
        try:  # layers have torchvision's numbers, within slices
            network.net.load_state_dict({name: stored[f'features.{name.partition(".")[2]}']
                                         for name in network.net.state_dict()})
        except (KeyError, RuntimeError) as error:
            reason = str(error).splitlines()[-1].strip()
            raise ValueError(f"{path} does not hold the weights of torchvision's AlexNet ({reason}); expected the file "
                             f'{ALEXNET}') from error
        facts = dict(network='AlexNet with the linear layers of LPIPS 0.1')
        super().__init__('LPIPS', network, hash_weights(network), facts, pairs, **settings)

    def distances(self, images: list[Tensor], pairs: Pairs) -> Tensor:
        """LPIPS of each pair, of images ``(1, 3, H, W)`` in ``[-1, 1]``."""
        return torch.stack([self.network(images[first], images[second]).squeeze() for first, second in pairs])


@EVALUATORS.register_module()
class FeatureDiversity(DiversityEvaluator):
    """Distance of a segmentor's features between samples of one layout: LPIPS' formula without its learned weights.

    At each stage of the backbone, features of unit length at every pixel; their squared distance averaged over the
    pixels, and summed over the stages. Its score is ``diversity_NAME``: only the distance with the published weights is
    called LPIPS.

    Args:
        judge: config of a segmentor; not the one that a loss of the judged model reads.
        name: the network's name in the score.
        pairs: at most so many pairs a layout, those of neighbouring samples first.
        settings: see ``Evaluator``.
    """

    def __init__(self, judge: dict, name: str = 'judge', pairs: int = 50, **settings):
        segmentor = SEGMENTORS.build(judge)
        facts = dict(network=judge, features='stages of the backbone, of unit length at every pixel')
        super().__init__(f'diversity_{name}', segmentor, segmentor.weights_hash, facts, pairs, **settings)

    def distances(self, images: list[Tensor], pairs: Pairs) -> Tensor:
        """The distance of each pair, of images ``(1, 3, H, W)`` in ``[-1, 1]``."""
        features = [[F.normalize(stage.double()) for stage in self.network.features(image)] for image in images]
        zero = torch.zeros((), dtype=torch.float64)
        return torch.stack([
            sum(((one - other).square().sum(1).mean() for one, other in
                 zip(features[first], features[second], strict=True)), zero) for first, second in pairs])

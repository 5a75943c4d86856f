import numpy as np
import pytest
import torch
from torch import nn
from torch_fidelity.metric_prc import calculate_precision_recall_full
from torchmetrics.image.kid import poly_mmd

from helpers import tiny_segmentor
from semsynth.evaluators import FeatureStatistics, InceptionStatistics, distances
from semsynth.evaluators.distances import kernel_distance, precision_recall
from semsynth.registry import EVALUATORS

JUDGE = dict(type='Segmentor', config=tiny_segmentor.config())


def plain_kernel(first, second):
    kernel = lambda one, other: (np.dot(one, other) / len(one) + 1) ** 3
    within = [np.mean([kernel(one, other) for i, one in enumerate(part) for j, other in enumerate(part) if i != j])
              for part in (first, second)]
    return sum(within) - 2 * np.mean([kernel(one, other) for one in first for other in second])


def plain_precision(points, manifold, neighbours):
    found = 0
    for point in points:
        found += any(np.linalg.norm(point - centre) <= sorted(np.linalg.norm(centre - other) for other in manifold)[
            neighbours] for centre in manifold)
    return found / len(points)


def two_sets(first, second, size=5):
    return torch.randn(first, size).double() + 0.3, torch.randn(second, size).double() * 1.5


@pytest.mark.parametrize(('first', 'second'), [(9, 9), (12, 7), (2, 3)])
def test_kernel_distance(first, second, monkeypatch):
    one, other = two_sets(first, second)
    expected = plain_kernel(one.numpy(), other.numpy())
    assert kernel_distance(one, other) == pytest.approx(expected, rel=1e-10)
    monkeypatch.setattr(distances, 'ROWS', 4)
    assert kernel_distance(one, other) == pytest.approx(expected, rel=1e-10)
    if first == second:
        assert kernel_distance(one, other) == pytest.approx(poly_mmd(one, other).item(), rel=1e-10)


def test_all_images_at_once_estimate_what_subsets_do():
    one, other = two_sets(60, 60)
    subsets = [plain_kernel(one[torch.randperm(60)[:12]].numpy(), other[torch.randperm(60)[:12]].numpy())
               for _ in range(150)]
    spread = np.std(subsets) / len(subsets) ** 0.5
    assert abs(np.mean(subsets) - kernel_distance(one, other)) < 4 * spread


@pytest.mark.parametrize(('generated', 'real', 'neighbours'), [(20, 20, 3), (15, 30, 1), (4, 9, 3)])
def test_precision_and_recall(generated, real, neighbours, monkeypatch):
    one, other = two_sets(generated, real)
    expected = (plain_precision(one.numpy(), other.numpy(), neighbours),
                plain_precision(other.numpy(), one.numpy(), neighbours))
    assert precision_recall(one, other, neighbours) == pytest.approx(expected)
    monkeypatch.setattr(distances, 'ROWS', 7)
    assert precision_recall(one, other, neighbours) == pytest.approx(expected)
    assert calculate_precision_recall_full(one, other, neighbours) == pytest.approx(expected)


def test_precision_and_recall_by_hand():
    real, generated = torch.tensor([[0.0], [1], [2], [10]]), torch.tensor([[0.5], [3.5], [30], [31]])
    # balls around 0, 1, 2 (radius 1) and 10 (8), which holds 3.5; around 0.5, 3.5 (radius 3) and 30, 31 (radius 1)
    assert precision_recall(generated, real, 1) == (0.5, 0.75)


def test_one_set_twice_and_sets_far_apart():
    one, _ = two_sets(10, 1)
    twins = torch.cat([one, one])  # each ball of the nearest neighbour is a point
    assert precision_recall(twins, twins.flip(0), 1) == (1, 1)
    assert precision_recall(one, one + 1000) == (0, 0)


def test_features_that_cannot_be_compared():
    with pytest.raises(ValueError, match='kernel distance needs at least 2 images a set; there are 1 and 3'):
        kernel_distance(torch.ones(1, 2), torch.ones(3, 2))
    with pytest.raises(ValueError, match='with 3 neighbours need at least 4 images a set; there are 5 and 3'):
        precision_recall(torch.ones(5, 2), torch.ones(3, 2))
    with pytest.raises(ValueError, match='need finite features'):
        precision_recall(torch.ones(5, 2), torch.full((5, 2), torch.inf))


def samples(number, real=True):
    picture = lambda: torch.randint(0, 256, (3, 8, 12), dtype=torch.uint8)
    return [dict(outputs=dict(image=picture()), real=dict(image=picture()) if real else {}) for _ in range(number)]


def test_a_network_sees_each_image_once_for_all_scores(monkeypatch):
    evaluator = EVALUATORS.build(dict(type='FeatureStatistics', judge=JUDGE, name='other'))
    seen, embed = [], evaluator.embed
    monkeypatch.setattr(evaluator, 'embed', lambda image: seen.append(image) or embed(image))
    data = samples(9)
    evaluator.process(None, data)
    scores = evaluator.evaluate(9)
    assert len(seen) == 18
    fake, real = (torch.stack([embed(pick(sample)) for sample in data])
                  for pick in (lambda sample: sample['outputs']['image'], lambda sample: sample['real']['image']))
    precision, recall = precision_recall(fake, real)
    halves = precision_recall(real[::2], real[1::2])
    assert scores == pytest.approx(dict(
        frechet_other=distances.frechet_distance(fake, real), kernel_other=kernel_distance(fake, real),
        precision_other=precision, recall_other=recall,
        oracle_frechet_other=distances.frechet_distance(real[::2], real[1::2]),
        oracle_kernel_other=kernel_distance(real[::2], real[1::2]),
        oracle_precision_other=halves[0], oracle_recall_other=halves[1]))
    assert set(evaluator.judges) == set(evaluator.titles) == {name for name in scores if 'oracle' not in name}
    assert evaluator.titles['kernel_other'] == 'kernel distance, other ↓'
    assert evaluator.protocol['neighbours'] == 3 and 'unbiased' in evaluator.protocol['kernel']


def test_scores_for_which_there_are_too_few_images_are_left_out(monkeypatch):
    said = []
    monkeypatch.setattr('semsynth.evaluators.features.print_log', lambda message, **_: said.append(message))
    evaluator = FeatureStatistics(JUDGE)
    evaluator.process(None, samples(3))
    assert set(evaluator.evaluate(3)) == {'frechet_judge', 'kernel_judge'}
    assert said[0] == 'precision_judge and recall_judge are left out: they need 4 real images and the set has 3.'
    assert len(said) == 2 and said[1].startswith('3 images are few for a distance on 56 features (frechet_judge)')
    evaluator = FeatureStatistics(JUDGE, measures=('kernel',))
    evaluator.process(None, samples(3, real=False))
    assert evaluator.evaluate(3) == {} and 'neighbours' not in evaluator.protocol
    assert said[2:] == ['kernel_judge is left out: it needs 2 real images and the set has 0.']


def test_only_inceptions_distances_are_called_fid_and_kid(tmp_path, monkeypatch):
    class Inception(nn.Module):
        def __init__(self, *_):
            super().__init__()
            self.weight = nn.Parameter(torch.eye(3))

        def forward(self, image):
            return (image.double().mean((2, 3)),)

    monkeypatch.setattr('torch_fidelity.feature_extractor_inceptionv3.FeatureExtractorInceptionV3', Inception)
    torch.save(dict(weight=torch.eye(3)), tmp_path / 'inception.pth')
    evaluator = InceptionStatistics(weights=str(tmp_path / 'inception.pth'))
    evaluator.process(None, samples(8))
    names = {'FID', 'KID', 'precision_inception', 'recall_inception'}
    assert set(evaluator.evaluate(8)) == names | {f'oracle_{name}' for name in names}
    assert evaluator.titles['KID'] == 'KID ↓' and evaluator.titles['recall_inception'] == 'recall, inception ↑'


def test_mistakes():
    for settings in (dict(measures=()), dict(neighbours=0)):
        with pytest.raises(ValueError, match='expected at least one of frechet, kernel, precision_recall'):
            FeatureStatistics(JUDGE, **settings)
    with pytest.raises((TypeError, ValueError), match='measures'):
        EVALUATORS.build(dict(type='FeatureStatistics', judge=JUDGE, measures=('kid',)))

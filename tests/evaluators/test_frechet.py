import numpy as np
import pytest
import torch
from torch import nn

from helpers import tiny_segmentor
from helpers.random_lite import random_lite
from semsynth.evaluators import FrechetDistance, FrechetInceptionDistance
from semsynth.evaluators.distances import frechet_distance
from semsynth.layers.efficientnet_lite import efficientnet_lite
from semsynth.registry import EVALUATORS


def plainly(first, second):
    s1, s2 = np.cov(first, rowvar=False), np.cov(second, rowvar=False)
    roots = np.sqrt(np.linalg.eigvals(s1 @ s2).real.clip(0))  # those of the matrix root, which sqrtm may not find
    return np.sum((first.mean(0) - second.mean(0)) ** 2) + np.trace(s1 + s2) - 2 * roots.sum()


@pytest.mark.parametrize(('first', 'second'), [(40, 30), (40, 6), (7, 50)])
def test_against_the_matrix_root(first, second):
    one = torch.randn(first, 5).double() @ torch.randn(5, 5).double() + 1
    other = torch.randn(second, 5).double() @ torch.randn(5, 5).double()
    assert frechet_distance(one, other) == pytest.approx(plainly(one.numpy(), other.numpy()), rel=1e-6)


def test_singular_covariances():
    one, other = torch.randn(4, 30).double(), torch.randn(6, 30).double()
    s1, s2 = torch.cov(one.T), torch.cov(other.T)
    values, vectors = torch.linalg.eigh(s1)
    root = vectors @ torch.diag(values.clamp(min=0).sqrt()) @ vectors.T
    cross = torch.linalg.eigvalsh(root @ s2 @ root).clamp(min=0).sqrt().sum()
    expected = (one.mean(0) - other.mean(0)).square().sum() + s1.trace() + s2.trace() - 2 * cross
    # The root of an eigenvalue that should be 0 is off by 1e-8; there are 27 of them.
    assert frechet_distance(one, other) == pytest.approx(expected.item(), abs=1e-5)


@pytest.mark.parametrize('number', [5, 60])
def test_equal_sets_and_equal_covariances(number):
    one = torch.randn(number, 10).double() * 3
    assert frechet_distance(one, one) == frechet_distance(one, one.flip(0)) == 0
    assert frechet_distance(one, one + 1e-4) == pytest.approx(1e-7)  # a small distance stays one
    shift = torch.arange(10.0)
    # 0 + 1 + 4 + ... + 81 = 285
    assert frechet_distance(one, one + shift) == pytest.approx(285)


def test_one_dimension_by_hand():
    # means 1 and 4, variances 2 and 8: 9 + (sqrt 8 - sqrt 2)^2 = 11
    assert frechet_distance(torch.tensor([[0.0], [2]]), torch.tensor([[2.0], [6]])) == pytest.approx(11)


def test_features_that_cannot_be_measured():
    with pytest.raises(ValueError, match='at least 2 images a set; there are 1 and 3'):
        frechet_distance(torch.ones(1, 2), torch.ones(3, 2))
    with pytest.raises(ValueError, match='needs finite features'):
        frechet_distance(torch.full((2, 2), torch.nan), torch.ones(3, 2))


def samples(number, real=True, size=(8, 12)):
    picture = lambda: torch.randint(0, 256, (3, *size), dtype=torch.uint8)
    return [dict(name=str(i), outputs=dict(image=picture()), label=torch.zeros(8, 12), real=dict(image=picture()))
            | ({} if real else dict(real={})) for i in range(number)]


def test_evaluator_on_a_segmentors_features():
    evaluator = EVALUATORS.build(dict(type='FrechetDistance',
                                      judge=dict(type='Segmentor', config=tiny_segmentor.config())))
    data = samples(6)
    evaluator.process(None, data[:4])
    evaluator.process(None, [*data[4:], data[0]])  # the last is padding
    scores = evaluator.evaluate(6)

    def features(pictures):
        stages = evaluator.network.features(torch.stack(pictures) / 127.5 - 1)
        return torch.cat([stage.mean((2, 3)) for stage in stages], dim=1).double().numpy()

    fake, real = features([d['outputs']['image'] for d in data]), features([d['real']['image'] for d in data])
    assert fake.shape == (6, 32 + 16 + 8)
    assert scores == dict(frechet_judge=pytest.approx(plainly(fake, real), rel=1e-3),
                          oracle_frechet_judge=pytest.approx(plainly(real[::2], real[1::2]), rel=1e-3))
    assert evaluator.protocol['num_images'] == 6 and evaluator.protocol['num_features'] == 56
    assert evaluator.judges == dict(frechet_judge=evaluator.network.weights_hash)


def test_evaluator_on_efficientnet_lite0(tmp_path):
    torch.save(random_lite(), tmp_path / 'lite.pth')
    evaluator = EVALUATORS.build(dict(type='FrechetEfficientNetLite0', weights=str(tmp_path / 'lite.pth')))
    data, network = samples(6, size=(40, 50)), efficientnet_lite(0, tmp_path / 'lite.pth')
    evaluator.process(None, data)
    scores = evaluator.evaluate(6)

    @torch.no_grad()
    def features(pictures):
        levels = network(torch.stack(pictures) / 127.5 - 1)
        return torch.cat([level.mean((2, 3)) for level in levels], dim=1).double().numpy()

    fake, real = features([d['outputs']['image'] for d in data]), features([d['real']['image'] for d in data])
    assert fake.shape == (6, 24 + 40 + 112 + 320) and set(scores) == {
        'frechet_efficientnet_lite0', 'oracle_frechet_efficientnet_lite0'}
    assert scores['frechet_efficientnet_lite0'] == pytest.approx(plainly(fake, real), rel=1e-2)
    assert evaluator.judges == dict(frechet_efficientnet_lite0=evaluator.protocol['weights_hash'])


def test_edge_maps_are_compared_with_edge_maps(monkeypatch):
    data, said = samples(4), []
    monkeypatch.setattr('semsynth.evaluators.features.print_log', lambda message, **_: said.append(message))
    for sample in data:
        sample['outputs']['edge'], sample['real']['edge'] = (torch.randint(0, 256, (3, 8, 12)).byte() for _ in range(2))
    as_images = [dict(sample, outputs=dict(image=sample['outputs']['edge']), real=dict(image=sample['real']['edge']))
                 for sample in data]
    judge = dict(type='Segmentor', config=tiny_segmentor.config())
    torch.manual_seed(1)
    edges = FrechetDistance(judge, output='edge')
    torch.manual_seed(1)
    images = FrechetDistance(judge)
    for evaluator, part in (edges, data), (images, as_images):
        evaluator.process(None, part)
    assert edges.evaluate(4) == images.evaluate(4)
    edges.process(None, [dict(sample, real=dict(image=sample['real']['image'])) for sample in data])
    assert edges.evaluate(4) == {} and 'a data set with edges=dict()' in said[-1]


def test_without_real_images_there_is_no_score():
    evaluator = FrechetDistance(dict(type='Segmentor', config=tiny_segmentor.config()), name='other')
    evaluator.process(None, samples(3, real=False))
    assert evaluator.evaluate(3) == {}
    evaluator.process(None, samples(2))
    assert set(evaluator.evaluate(2)) == {'frechet_other'}


def test_fid_reads_its_weights_from_a_file(tmp_path, monkeypatch):
    class Inception(nn.Module):
        """Takes uint8 and gives a tuple, as torch-fidelity's does."""

        def __init__(self, name, features, path):
            super().__init__()
            self.weight = nn.Parameter(torch.load(path)['weight'])

        def forward(self, image):
            assert image.dtype == torch.uint8
            return (image.double().mean((2, 3)) @ self.weight.detach(),)

    monkeypatch.setattr('torch_fidelity.feature_extractor_inceptionv3.FeatureExtractorInceptionV3', Inception)
    torch.save(dict(weight=torch.eye(3).double()), tmp_path / 'inception.pth')
    evaluator = FrechetInceptionDistance(weights=str(tmp_path / 'inception.pth'))
    data = samples(5)
    evaluator.process(None, data)
    fake, real = (np.stack([pick(d).double().mean((1, 2)).numpy() for d in data])
                  for pick in (lambda d: d['outputs']['image'], lambda d: d['real']['image']))
    assert evaluator.evaluate(5)['FID'] == pytest.approx(plainly(fake, real), rel=1e-6)


def test_fid_without_weights_says_where_to_put_them(tmp_path, monkeypatch):
    monkeypatch.setattr(torch.hub, 'get_dir', lambda: str(tmp_path))

    def offline(*_):
        raise OSError('no network')
    monkeypatch.setattr(torch.hub, 'download_url_to_file', offline)
    with pytest.raises(FileNotFoundError, match=r'weights-inception-2015-12-05-6726825d\.pth.*SEMSYNTH_WEIGHTS'):
        FrechetInceptionDistance()

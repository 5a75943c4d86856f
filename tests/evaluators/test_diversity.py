import itertools
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
import torchmetrics
import torchvision
from torch import nn

from helpers import tiny_segmentor
from helpers.facts import facts
from semsynth.evaluators import FeatureDiversity
from semsynth.evaluators.diversity import neighbours_first
from semsynth.registry import EVALUATORS

JUDGE = dict(type='Segmentor', config=tiny_segmentor.config())
ALEXNET = sys.modules[torchvision.models.AlexNet.__module__]


def picture(size=(64, 72)):
    return torch.randint(0, 256, (3, *size), dtype=torch.uint8)


def layout(count, **outputs):
    return [dict(name='a', outputs=dict(image=picture(), edge=picture(), **outputs)) for _ in range(count)]


class Alexnet(ALEXNET.AlexNet):
    """Without the 200 MB behind the convolutions."""

    def __init__(self, **_):
        with torch.device('meta'):
            super().__init__()
        self.classifier = nn.Identity()
        self.features.to_empty(device='cpu')
        for parameter in self.features.parameters():
            nn.init.normal_(parameter, std=0.05)


@pytest.fixture
def alexnet(tmp_path, monkeypatch):
    """Random weights in the file that torchvision's AlexNet is downloaded to, and their network."""
    monkeypatch.setattr(ALEXNET, 'AlexNet', Alexnet)
    monkeypatch.setenv('SEMSYNTH_WEIGHTS', str(tmp_path))
    network = Alexnet()
    torch.save(network.state_dict(), tmp_path / 'alexnet-owt-7be5be79.pth')
    return network


def test_pairs_are_those_of_neighbours_first():
    assert neighbours_first(4, 99) == [(0, 1), (1, 2), (2, 3), (0, 2), (1, 3), (0, 3)]
    assert neighbours_first(4, 3) == [(0, 1), (1, 2), (2, 3)]
    assert sorted(neighbours_first(9, 99)) == list(itertools.combinations(range(9), 2))
    for count, limit in (1, 5), (3, 0):
        with pytest.raises(ValueError, match=f'needs 2 samples and 1 pair at least; there are {count}, and pairs='):
            neighbours_first(count, limit)


def lpips(network, first, second):
    """Zhang et al. (2018), eq. 1, in plain loops; images (3, H, W) in [-1, 1]."""
    heads = torch.load(Path(torchmetrics.__file__).parent / 'functional/image/lpips_models/alex.pth', 'cpu')
    shift, scale = torch.tensor([-0.030, -0.088, -0.188]), torch.tensor([0.458, 0.448, 0.450])
    total, features = 0.0, [(image - shift.view(3, 1, 1)) / scale.view(3, 1, 1) for image in (first, second)]
    ends = (1, 4, 7, 9, 11)  # the ReLUs behind each of the five convolutions
    for number, layer in enumerate(network.features):
        features = [layer(feature) for feature in features]
        if number in ends:
            one, other = (feature / feature.norm(dim=0) for feature in features)
            weights = heads[f'lin{ends.index(number)}.model.1.weight'].view(-1, 1, 1)
            total += ((one - other).square() * weights).sum(0).mean().item()
    return total


@torch.no_grad()
def test_lpips_against_its_formula(alexnet):
    evaluator = EVALUATORS.build(dict(type='LPIPSDiversity'))
    layouts = [layout(3), layout(3)]
    evaluator.process(None, layouts[:1])
    evaluator.process(None, layouts[1:])
    scores = evaluator.evaluate(2)
    expected = [np.mean([lpips(alexnet, one / 127.5 - 1, other / 127.5 - 1) for one, other in itertools.combinations(
        [sample['outputs']['image'] for sample in samples], 2)]) for samples in layouts]
    assert scores == dict(LPIPS=pytest.approx(np.mean(expected), rel=1e-4)) and scores['LPIPS'] > 0.01
    facts = evaluator.protocol
    assert (facts['num_layouts'], facts['samples'], facts['pairs']) == (2, 3, 3)
    assert facts['weights_hash'] == evaluator.judges['LPIPS']


def test_lpips_of_another_file_and_another_output(alexnet, tmp_path):
    torch.save(Alexnet().state_dict(), tmp_path / 'own.pth')
    hub = torch.hub.get_dir()
    samples = layout(2)
    default = EVALUATORS.build(dict(type='LPIPSDiversity'))
    own = EVALUATORS.build(dict(type='LPIPSDiversity', weights=str(tmp_path / 'own.pth'), output='edge', prefix='edge'))
    assert own.judges != default.judges and torch.hub.get_dir() == hub
    own.process(None, [samples])
    assert set(own.evaluate(1)) == {'edge/LPIPS'}
    torch.save(dict(weight=torch.ones(1)), tmp_path / 'other.pth')
    with pytest.raises(ValueError, match=r"other\.pth does not hold the weights of torchvision's AlexNet .*; expected"):
        EVALUATORS.build(dict(type='LPIPSDiversity', weights=str(tmp_path / 'other.pth')))
    assert torch.hub.get_dir() == hub


def test_lpips_without_weights_says_where_to_put_them(tmp_path, monkeypatch):
    def offline(*_):
        raise OSError('no network')
    monkeypatch.setattr(torch.hub, 'get_dir', lambda: str(tmp_path))
    monkeypatch.setattr(torch.hub, 'download_url_to_file', offline)
    with pytest.raises(FileNotFoundError, match=r'alexnet-owt-7be5be79\.pth.*SEMSYNTH_WEIGHTS'):
        EVALUATORS.build(dict(type='LPIPSDiversity'))


def unit(vector):
    return vector / (np.linalg.norm(vector) or 1)  # behind a ReLU, all may be 0


@torch.no_grad()
@pytest.mark.parametrize(('pairs', 'chosen'), [(50, [(0, 1), (1, 2), (0, 2)]), (2, [(0, 1), (1, 2)])])
def test_features_against_plain_loops(pairs, chosen):
    evaluator = FeatureDiversity(JUDGE, name='other', pairs=pairs)
    layouts = [layout(3), layout(3)]
    evaluator.process(None, layouts)
    means = []
    for samples in layouts:
        features = [evaluator.network.features(sample['outputs']['image'][None] / 127.5 - 1) for sample in samples]
        distances = []
        for first, second in chosen:
            distance = 0.0
            for one, other in zip(features[first], features[second], strict=True):
                one, other = (stage[0].double().numpy() for stage in (one, other))
                distance += np.mean([np.sum((unit(one[:, y, x]) - unit(other[:, y, x])) ** 2)
                                     for y, x in np.ndindex(one.shape[1:])])
            distances.append(distance)
        means.append(np.mean(distances))
    assert evaluator.evaluate(2) == dict(diversity_other=pytest.approx(np.mean(means), rel=1e-5))
    assert evaluator.protocol['pairs'] == len(chosen)


def test_identical_samples_have_no_distance(alexnet):
    for config in dict(type='LPIPSDiversity'), dict(type='FeatureDiversity', judge=JUDGE):
        evaluator = EVALUATORS.build(config)
        evaluator.process(None, [layout(1) * 4])
        assert set(evaluator.evaluate(1).values()) == {0.0}


def test_gray_images_and_a_stated_size():
    evaluator = FeatureDiversity(JUDGE, size=(32, 40))
    evaluator.process(None, [[dict(outputs=dict(image=picture()[:1])) for _ in range(2)]])
    assert evaluator.evaluate(1)['diversity_judge'] > 0 and evaluator.protocol['size'] == [32, 40]
    with pytest.raises(ValueError, match=facts('FeatureDiversity', "output='edge'", 'image')):
        FeatureDiversity(JUDGE, output='edge').process(None, [[dict(outputs=dict(image=picture()))] * 2])


def test_the_test_loop_is_not_its_place():
    with pytest.raises(ValueError, match=facts('FeatureDiversity', 'one layout')):
        FeatureDiversity(JUDGE).process(None, layout(2))

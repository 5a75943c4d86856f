"""Diversity measured of a model: samples alone are looked at, and all that counts is written down."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.registry import DefaultScope
from mmseg.registry import MODELS

from helpers import tiny_segmentor
from helpers.facts import facts
from helpers.narrow import narrow
from semsynth.apis.building import build_for_inference
from semsynth.apis.diversity import measure_diversity
from semsynth.apis.inferencer import Inferencer
from semsynth.evaluators import FeatureDiversity
from semsynth.segmentors.config import model_config


@pytest.fixture(scope='module')
def judge(tmp_path_factory):
    with DefaultScope.overwrite_default_scope('mmseg'):
        network = MODELS.build(model_config(tiny_segmentor.config(12)))
    return tiny_segmentor.save(network, tmp_path_factory.mktemp('judge') / 'judge.pth')


@pytest.fixture(scope='module')
def trained(toycity, judge, tmp_path_factory):
    """Config and checkpoint of ECGAN with a latent that matters, and the layouts without any photo."""
    torch.manual_seed(0)
    config = narrow('configs/ecgan/ecgan_multimodal_toycity.py', toycity, **{
        'diversity_evaluator.0.judge.checkpoint': judge})
    config.diversity_evaluator.append(dict(config.diversity_evaluator[0], output='edge', prefix='edge'))
    model = build_for_inference(config, None)
    with torch.no_grad():
        for parameter in model.generator.parameters():
            parameter.mul_(10)
    folder = tmp_path_factory.mktemp('diverse')
    torch.save(dict(state_dict=model.state_dict(), meta=dict(iter=7)), folder / 'model.pth')
    shutil.copytree(toycity / 'gtFine/val', folder / 'maps')
    return config, folder / 'model.pth', [folder / 'maps']


@pytest.mark.slow
def test_the_result_file(trained, judge, capsys):
    config, checkpoint, maps = trained
    inferencer = Inferencer(config, checkpoint, device='cpu')
    report = measure_diversity(inferencer, inferencer.find(maps), samples=3)
    path = checkpoint.with_name('diversity_model.json')
    written = json.loads(path.read_text())
    assert written['scores'] == report['scores'] and set(written['scores']) == {
        'diversity_judge', 'edge/diversity_judge'}
    assert (written['iterations'], written['samples'], written['seed']) == (7, 3, 0)
    assert [part['protocol']['output'] for part in written['evaluators']] == ['image', 'edge']
    assert [part['protocol']['num_layouts'] for part in written['evaluators']] == [5, 5]
    assert written['judge'].startswith('independent')
    out = capsys.readouterr().out
    assert 'diversity, judge ↑' in out and 'Written to' in out
    evaluator = FeatureDiversity(dict(type='Segmentor', config=tiny_segmentor.config(12), checkpoint=judge))
    means = []
    for layout in inferencer.find(maps):
        images = [evaluator.resized(result['outputs']['image']) for result in inferencer.sample(layout, 3)]
        with torch.no_grad():
            means.append(evaluator.distances(images, [(0, 1), (0, 2), (1, 2)]).mean().item())
    assert report['scores']['diversity_judge'] == pytest.approx(np.mean(means)) and np.mean(means) > 0


@pytest.mark.slow
def test_seeds(trained, tmp_path):
    inferencer = Inferencer(*trained[:2], device='cpu')
    layouts = inferencer.find(trained[2])

    def score(seed):
        return measure_diversity(inferencer, layouts, samples=2, seed=seed, out=tmp_path / f'{seed}.json')['scores']

    first = score(0)
    assert score(0) == first and score(1) != first


@pytest.mark.slow
def test_a_result_replaces_its_like_alone(trained, tmp_path):
    config, _, maps = trained
    checkpoint = Path(shutil.copy(trained[1], tmp_path / 'm.pth'))
    inferencer = Inferencer(config, checkpoint, device='cpu')
    measure = lambda inputs=maps, **options: measure_diversity(
        inferencer, inferencer.find(inputs), **{'samples': 2, **options})['settings']
    first = measure()
    before = (tmp_path / 'diversity_m.json').read_text()
    others = [measure(samples=3), measure(seed=1), measure([next(maps[0].rglob('*_labelIds.png'))])]
    assert len({first, *others}) == 4 and measure() == first and measure(seed=1) == others[1]
    assert (tmp_path / 'diversity_m.json').read_text() == before
    assert {path.name for path in tmp_path.iterdir()} == {'m.pth', 'diversity_m.json'} | {
        f'diversity_m_{other}.json' for other in others}
    with pytest.raises(ValueError, match=facts('diversity_m.json', 'something else')):
        measure(seed=1, out=tmp_path / 'diversity_m.json')
    with pytest.raises(ValueError, match=r'm\.pth is there already and holds something else'):
        measure(out=checkpoint)


def test_mistakes_are_explained(trained, toycity, tmp_path):
    config, checkpoint, _ = trained
    with pytest.raises(ValueError, match=facts('samples=1', '2')):
        measure_diversity(Inferencer(config, checkpoint, 'cpu'), [], samples=1)
    for name in 'spade/spade_toycity.py', 'pix2pixhd/pix2pixhd_styles_toycity.py':
        plain = narrow(f'configs/{name}', toycity)
        model = build_for_inference(plain, None)
        torch.save(dict(state_dict=model.state_dict()), tmp_path / 'plain.pth')
        with pytest.raises(ValueError, match='Nothing is drawn at random, so that all images of a layout would be the'):
            measure_diversity(Inferencer(plain, tmp_path / 'plain.pth', 'cpu'), [])

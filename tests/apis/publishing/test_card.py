"""The model card: true, whole, and read by the Hub's own library."""

import json
import re
import shutil

import numpy as np
import pytest
import yaml
from PIL import Image

from helpers.facts import facts
from helpers.trained import trained
from semsynth.apis.inferencer import Inferencer
from semsynth.apis.publishing.publish import publish
from semsynth.apis.publishing.reading import read_published
from semsynth.apis.publishing.results import find_evaluations
from semsynth.weights import hash_tensors, load_checkpoint

REPORT = dict(judge='independent: yes.', scores={'mIoU': 81.234567, 'oracle_mIoU': 90.5, 'frechet_judge': 1.5},
              checkpoint='/home/me/work/iter_7.pth', iterations=7, config='/home/me/x.py',
              titles=dict(mIoU='mIoU ↑'), evaluators=[dict(
                  type='SegmentationEvaluator', classes=[], protocol=dict(
                      name='toy-v1', size=[64, 64], weights_hash='abcd', num_images=5, cache='/home/me/cache',
                      judge=dict(type='Segmentor', config='/home/me/judge.py', checkpoint='/home/me/judge.pth')))])


@pytest.fixture
def inferencer(whole, tmp_path):
    """The model, in a folder of its own."""
    checkpoint = shutil.copy(whole[1].checkpoint, tmp_path / 'iter_7.pth')
    return Inferencer(whole[1].config, checkpoint, 'cpu')


def report(folder, name, **changes):
    (folder / name).write_text(json.dumps(REPORT | changes))


def card_of(folder):
    """Header and text."""
    _, header, text = (folder / 'README.md').read_text().split('---\n', 2)
    return yaml.safe_load(header), text


def test_without_results_no_score_is_told(whole):
    header, text = card_of(whole[0])
    assert 'model-index' not in header and 'license' not in header
    assert 'There are none' in text and 'semsynth test CHECKPOINT' in text and 'named none' in text
    assert '| 26 | car | #00008e | in instances |' in text and '| iterations | 7 |' in text
    assert read_published(whole[0]).facts['scores'] == {}


def test_scores_are_those_of_the_result_files(inferencer, tmp_path):
    report(tmp_path, 'results_iter_7.json')
    report(tmp_path, 'diversity_iter_7.json', scores=dict(LPIPS=0.25))
    out = publish(inferencer, tmp_path / 'toy', scenes=0, license='cc-by-4.0', half=True)
    header, text = card_of(out)
    assert header['license'] == 'cc-by-4.0' and '`cc-by-4.0`' in text
    metrics = header['model-index'][0]['results'][0]['metrics']
    assert [(each['type'], each['value']) for each in metrics] == [('mIoU', 81.2346), ('frechet_judge', 1.5)]
    assert '| mIoU ↑ | 81.23 | 90.5 |' in text and '| frechet_judge | 1.5 |  |' in text and '| LPIPS | 0.25 |' in text
    assert 'judge: judge.py; name: toy-v1' in text and 'independent: yes.' in text and '/home/me' not in text
    assert 'before the weights were rounded to float16' in text
    assert read_published(out).facts['scores'] == {'mIoU': 81.234567, 'frechet_judge': 1.5, 'LPIPS': 0.25}


def test_results_of_other_weights_are_left_out(inferencer, tmp_path):
    weights = hash_tensors(load_checkpoint(inferencer.checkpoint)['state_dict'])
    report(tmp_path, 'results_iter_7_0123abcd.json', weights=weights)
    for name, change in {
            'results_iter_7.json': dict(weights='0'), 'results_iter_7_aaaaaaaa.json': dict(iterations=6),
            'results_iter_70.json': {}, 'results_iter_7_x.json': {}, 'results_iter_7_bbbbbbbb.json': dict(scores=None),
            'diversity_iter_7.json': dict(checkpoint='work/iter_8.pth')}.items():
        report(tmp_path, name, **change)
    (tmp_path / 'diversity_iter_7_aaaaaaaa.json').write_text('[]')
    [found] = find_evaluations(tmp_path / 'iter_7.pth', weights, 7)
    assert found.scores[0][:3] == ('mIoU', 'mIoU ↑', 81.234567) and found.scores[0].oracle == 90.5


def test_samples_are_layouts_and_what_the_published_model_makes_of_them(whole, toycity):
    folder, inferencer = whole
    _, text = card_of(folder)
    shown = re.search(r'!\[.*\]\((.*)\)', text)[1]
    assert Image.open(folder / shown).width > 500
    example = re.search(r"model\('([^']*)'\)", text)[1]
    assert example.endswith('samples/labels/scene_1_gtFine_labelIds.png')
    loaded = Inferencer(folder, device='cpu')
    layouts = loaded.find([folder / 'samples/labels'])
    assert [layout.name for layout in layouts] == ['scene_1', 'scene_2'] and all(each.instance for each in layouts)
    scenes = inferencer.find([toycity / 'gtFine/val'])
    for layout, scene in zip(layouts, (scenes[0], scenes[-1]), strict=True):
        again, before = next(loaded.sample(layout)), next(inferencer.sample(scene))
        np.testing.assert_array_equal(again['label'], before['label'])
        np.testing.assert_array_equal(again['outputs']['image'], before['outputs']['image'])


def test_the_hubs_library_reads_the_header(inferencer, tmp_path):
    hub = pytest.importorskip('huggingface_hub')
    report(tmp_path, 'results_iter_7.json')
    card = hub.ModelCard.load(publish(inferencer, tmp_path / 'toy', scenes=0, license='mit') / 'README.md')
    assert card.data.license == 'mit' and card.data.library_name == 'semsynth'
    assert [each.metric_value for each in card.data.eval_results] == [81.2346, 1.5]


def test_an_edited_card_stays(inferencer, tmp_path):
    out = publish(inferencer, tmp_path / 'toy', scenes=0)
    publish(inferencer, out, scenes=0)
    (out / 'README.md').write_text('mine')
    with pytest.raises(ValueError, match=facts(out / 'README.md', 'was edited')):
        publish(inferencer, out, scenes=0)
    assert (out / 'README.md').read_text() == 'mine'


@pytest.mark.slow
def test_looks_and_styles(toycity, tmp_path):
    inferencer = trained('configs/spade/spade_vae_toycity.py', toycity, tmp_path)
    header, text = card_of(publish(inferencer, tmp_path / 'latent', half=True, scenes=1))
    assert 'several looks' in text and '`StyleEncoder`, makes a latent of the whole photo' in text
    assert float(re.search(r'by ([\d.e-]+) of 255', text)[1]) < 1
    assert header['tags']


def test_without_an_evaluator_no_command_is_named_that_would_fail(inferencer, tmp_path):
    inferencer.config.test_evaluator = None
    _, text = card_of(publish(inferencer, tmp_path / 'toy', scenes=0))
    assert 'There are none' in text and 'no evaluator' in text and 'semsynth test' not in text


@pytest.mark.parametrize(('name', 'said'), [
    ('see\nbelow: x', 'other'), ('Apache-2.0', 'did you mean apache-2.0'), ('MIT', 'did you mean mit'),
    ('cc-by-nc', 'cc-by-nc-4.0'), ('nothing of the kind', 'write other')])
def test_license_is_one_that_the_hub_knows(whole, tmp_path, name, said):
    with pytest.raises(ValueError, match=facts('license', said)):
        publish(whole[1], tmp_path / 'toy', license=name)
    assert not list(tmp_path.iterdir())

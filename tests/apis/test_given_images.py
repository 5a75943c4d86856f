import json
import os
from pathlib import Path

import pytest
from mmengine.registry import DefaultScope
from mmseg.registry import MODELS

from helpers import tiny_segmentor
from helpers.facts import facts
from helpers.narrow import narrow
from helpers.ranks import run_ranks
from semsynth.apis.evaluation import evaluate
from semsynth.errors import DataError
from semsynth.segmentors.config import model_config


@pytest.fixture(scope='module')
def settings(toycity, tmp_path_factory):
    """Judges of one file's weights; a scene a batch, and an odd number of scenes for two ranks."""
    with DefaultScope.overwrite_default_scope('mmseg'):
        network = MODELS.build(model_config(tiny_segmentor.config(12)))
    path = tiny_segmentor.save(network, tmp_path_factory.mktemp('judge') / 'judge.pth')
    return narrow('configs/ecgan/ecgan_toycity.py', toycity,
                  **{f'test_evaluator.{i}.judge.checkpoint': path for i in range(2)},
                  **{'test_dataloader.batch_size': 1, 'work_dir': f'{path}_work'})


@pytest.fixture
def photos(toycity):
    """The photos of the test set: 48x80, while layouts are judged at 64x64."""
    return toycity / 'leftImg8bit' / 'val'


def test_photos_in_the_folder_reach_the_oracle(settings, photos, caplog):
    report = evaluate(settings, images=photos)
    scores = report['scores']
    assert scores['mIoU'] == scores['oracle_mIoU'] and scores['aAcc'] == scores['oracle_aAcc']
    assert scores['frechet_judge'] == pytest.approx(0, abs=1e-6) and scores['oracle_frechet_judge'] > 0
    assert report['judge'].startswith('unknown: the images are given')
    about = report['images']
    assert (about['folder'], about['count'], about['surplus'], about['sizes']) == (str(photos), 5, 0, '48x80 (5)')
    fitted = 'resized to 64x64 as photos are (bicubic, antialiased), from 48x80 (5); 5 images of another shape'
    assert fitted in about['fitted']
    assert all(each['protocol']['fitted'] == about['fitted'] for each in report['evaluators'])
    written = Path(settings.work_dir, 'results_val.json')
    assert json.loads(written.read_text())['scores'] == scores and 'checkpoint' not in report
    assert (written.parent / 'results_val_images' / 'worst.html').is_file()


@pytest.mark.slow
def test_photos_reach_the_oracle_at_full_size(settings, photos, tmp_path):
    report = evaluate(settings, images=photos, out=tmp_path / 'full.json', worst=0,
                      cfg_options={'test_evaluator.0.full_size': True})
    assert report['scores']['mIoU'] == report['scores']['oracle_mIoU']
    assert report['evaluators'][0]['protocol']['fitted'] == "from their own size to each label map's"
    assert [path.name for path in (tmp_path / 'full_images').iterdir()] == ['images.csv']


@pytest.mark.slow
def test_ranks_share_the_images(settings, photos, tmp_path):
    evaluate(settings, images=photos, out=tmp_path / 'one.json', worst=2)
    assert run_ranks(_evaluate, 2, settings, photos, tmp_path) == [0, 0]
    assert json.loads((tmp_path / 'two.json').read_text()) == json.loads((tmp_path / 'one.json').read_text())
    for name in ('images.csv', 'worst.html'):
        assert (tmp_path / 'two_images' / name).read_text().replace('two', 'one') == (
            tmp_path / 'one_images' / name).read_text()


def _evaluate(settings, photos, folder):
    os.chdir(folder)  # where mmengine puts the ranks' results
    evaluate(settings, images=photos, out=folder / 'two.json', launcher='pytorch', worst=2)


def test_mistakes(settings, photos, tmp_path):
    with pytest.raises(ValueError, match='judged in place of a model'):
        evaluate(settings, 'iter_1.pth', images=photos)
    with pytest.raises(ValueError, match=facts('_fake.png', 'name their folder with --images')):
        evaluate(settings, ending='_fake.png')
    with pytest.raises(DataError, match=facts('holds no image', 'empty')):
        evaluate(settings, images=tmp_path)
    with pytest.raises(DataError, match=facts('5 of 5 layouts have no image', '--ending')):
        for path in photos.rglob('*.png'):
            os.link(path, tmp_path / path.name.replace('leftImg8bit', 'fake'))
        evaluate(settings, images=tmp_path)
    with pytest.raises(ValueError, match=facts("the output 'edge'", 'a folder holds images alone')):
        evaluate(settings, images=photos, cfg_options={'test_evaluator.0.output': 'edge'})
    with pytest.raises(ValueError, match=facts('is or lies in', 'name a folder outside')):
        evaluate(settings, images=photos, out=photos.parent / 'val' / 'x.json')

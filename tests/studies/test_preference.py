import json
import random
import re
from collections import Counter
from itertools import combinations
from math import ceil

import numpy as np
import pytest
from PIL import Image

from helpers.narrow import ROOT
from helpers.preference import METHODS, SCENES, TIMES, labels, save, vote
from semsynth.data import PairedFolderDataset
from semsynth.errors import DataError
from semsynth.studies.preference import Study, StudyLayouts, make_study, plan_trials
from semsynth.studies.preference.pictures import highlight, read_picture


def page_data(path):
    """What a page knows, by participant."""
    [data] = re.findall(r'<script type="application/json" id="data">(.*?)</script>', path.read_text(), re.S)
    return json.loads(data)


@pytest.mark.parametrize(('count', 'methods', 'judgments', 'per_participant'),
                         [(4, 2, 1, 50), (5, 3, 2, 4), (6, 3, 3, 7), (7, 4, 4, 1), (1, 2, 3, 50)])
def test_everything_is_shown_equally_often(count, methods, judgments, per_participant):
    scenes, pairs = [f's{i}' for i in range(count)], list(combinations('abcd'[:methods], 2))
    trials = plan_trials(scenes, pairs, judgments=judgments, per_participant=per_participant, times=TIMES,
                         draw=random.Random(0))
    seen = Counter((trial.participant, trial.scene, frozenset(trial.methods)) for trial in trials)
    assert set(seen.values()) == {1}  # nobody judges the same twice
    people = Counter(trial.participant for trial in trials)
    total = count * len(pairs) * judgments
    assert set(people) == set(range(1, max(judgments, ceil(total / per_participant)) + 1))
    assert max(people.values()) <= per_participant and max(people.values()) - min(people.values()) <= 1
    for pair in pairs:
        of_pair = [trial for trial in trials if set(trial.methods) == set(pair)]
        assert Counter(trial.scene for trial in of_pair) == dict.fromkeys(scenes, judgments)
        shown = Counter(trial.seconds for trial in of_pair)
        assert max(shown.values()) - min(shown[time] for time in TIMES) <= 1
        for group in (of_pair, *([trial for trial in of_pair if trial.scene == scene] for scene in scenes)):
            sides = [trial.methods == pair for trial in group]
            assert abs(2 * sum(sides) - len(sides)) <= 1


def test_order_sides_and_times_are_drawn_by_the_seed():
    def plan(seed):
        return plan_trials(list('abcdefgh'), [('x', 'y')], judgments=1, per_participant=8, times=TIMES,
                           draw=random.Random(seed))

    assert plan(0) == plan(0)
    for attribute in ('scene', 'methods', 'seconds'):
        assert len({tuple(getattr(trial, attribute) for trial in plan(seed)) for seed in range(5)}) > 2


def test_pages_show_what_the_key_says(study, results, tmp_path):
    pages = sorted((tmp_path / 'study/pages').glob('*.html'))
    assert [page.name for page in pages] == [f'participant_00{number}.html' for number in (1, 2, 3, 4, 5)]
    assert Study.load(tmp_path / 'study') == study
    used = set()
    for page, (number, own) in zip(pages, study.participants.items(), strict=True):
        data = page_data(page)
        assert (data['study'], data['participant']) == (study.id, number)
        assert [trial['id'] for trial in data['trials']] == list(own)
        for shown, trial in zip(data['trials'], own.values(), strict=True):
            assert shown['seconds'] == trial.seconds
            for picture, method in zip(shown['pictures'], trial.methods, strict=True):
                [source] = results[method].glob(f'{trial.scene}.*')
                file = tmp_path / f'study/pages/pictures/{picture}.png'
                assert np.array_equal(np.asarray(Image.open(file)), np.asarray(Image.open(source)))
                used.add(file)
    assert used == set((tmp_path / 'study/pages/pictures').iterdir()) and len(used) == 12


def test_pages_do_not_tell_methods_apart(study, tmp_path):
    files = [path for path in (tmp_path / 'study/pages').rglob('*') if path.is_file()]
    for path in files:
        content = path.read_bytes()
        for secret in (*METHODS, 'city'):
            assert secret.encode() not in content and secret not in path.name
        if path.suffix == '.png':
            assert re.fullmatch(r'[0-9a-f]{16}', path.stem) and Image.open(path).info == {}
    assert not [path for path in files if path.suffix not in ('.png', '.html')]
    assert not re.search(r'(?:src|href)="|https?:', files[0].read_text())  # nothing is fetched from elsewhere


def test_a_study_is_known_by_its_images_and_trials(results, tmp_path):
    def identity(name, **settings):
        return make_study(results, tmp_path / name, judgments=1, **settings)[0].id

    assert identity('first') == identity('again') != identity('seeded', seed=1)
    save(results['ours'] / 'd.png', np.zeros((12, 20, 3), np.uint8))
    assert identity('other') != identity('timed', times=[1]) != Study.load(tmp_path / 'first').id


def test_pairs_with_one_method(results, tmp_path):
    study, _ = make_study(results, tmp_path / 'study', judgments=1, against='baseline')
    assert study.pairs == (('baseline', 'ours'), ('baseline', 'photos'))
    assert len(study.trials) == 2 * len(SCENES)


def test_scenes_in_common_are_shown(results, tmp_path):
    (results['ours'] / 'd.png').unlink()
    Image.new('RGB', (20, 12)).save(results['ours'] / 'city/a_edge.png')
    study, notices = make_study(results, tmp_path / 'study', judgments=1)
    assert {trial.scene for trial in study.trials.values()} == set(SCENES[:3])
    assert notices == ['ours has no image of 1 of 4 scenes (d): left out.']


def test_images_are_brought_to_one_size(results, tmp_path):
    wide = np.tile(np.arange(0, 240, 6, dtype=np.uint8)[None, :, None], (24, 1, 3))
    save(results['ours'] / 'd.png', wide)
    with pytest.raises(DataError, match=r'of 1 of 4 scenes differ in size .*ours/d.png is 24x40, .*--size'):
        make_study(results, tmp_path / 'study')
    make_study(results, tmp_path / 'study', size=(12, 20), judgments=1)
    assert {Image.open(path).size for path in (tmp_path / 'study/pages/pictures').iterdir()} == {(20, 12)}
    small = read_picture(str(results['ours'] / 'd.png'), (12, 20)).astype(int)
    assert np.abs(small - wide.reshape(12, 2, 20, 2, 3).mean((1, 3)))[:, 2:-2].max() <= 1


def test_a_region_is_left_as_it_is_and_the_rest_dimmed():
    picture = np.full((128, 256, 3), 200, np.uint8)
    region = np.zeros((128, 256), bool)
    region[40:60, 100:140] = True
    shown = highlight(picture, region)
    assert (shown[38:62, 98:142] == 200)[region[38:62, 98:142]].all()  # the region, and its border
    assert (shown[45, [100 - 2, 139 + 2]] == 200).all()  # two pixels of margin
    assert (shown[45, [100 - 3, 139 + 3]] == (255, 220, 0)).all()  # the line
    assert (shown[45, [100 - 4, 139 + 4]] == 60).all() and (shown[0] == 60).all()
    assert (shown == 60).all(-1).sum() + (shown == 200).all(-1).sum() + (shown == (255, 220, 0)).all(-1).sum() == 32768


def test_regions_of_classes(results, tmp_path, city):
    layouts = StudyLayouts(city, labels(tmp_path / 'labels', city, ('car', 'sky', 'car', 'person')), ['car', 'person'])
    study, notices = make_study(results, tmp_path / 'study', judgments=1, layouts=layouts)
    assert notices == ['1 of 4 scenes have less than 0.5% of their pixels in car, person (city/b): left out.']
    page = tmp_path / 'study/pages/participant_001.html'
    assert 'Which bright region looks more realistic?' in page.read_text()
    for shown, trial in zip(page_data(page)['trials'], study.trials.values(), strict=True):
        for picture, method in zip(shown['pictures'], trial.methods, strict=True):
            [source] = results[method].glob(f'{trial.scene}.*')
            pixels = np.asarray(Image.open(tmp_path / f'study/pages/pictures/{picture}.png'))
            region = np.arange(20)[None].repeat(12, 0) >= 10
            assert np.array_equal(pixels, highlight(np.asarray(Image.open(source)), region))


def test_a_name_that_two_classes_have_means_both(tmp_path):
    save(tmp_path / 'labels/a.png', np.array([[0, 1, 2, 1]], np.uint8))
    data = PairedFolderDataset(str(tmp_path), '', ['car', 'sky', 'car'], lazy_init=True)
    layouts = StudyLayouts(data, tmp_path / 'labels', ['car'])
    assert layouts.region('a', (1, 4)).tolist() == [[True, False, True, False]]


def test_layouts_are_shown_with_the_images(results, tmp_path, city):
    layouts = StudyLayouts(city, labels(tmp_path / 'labels', city, ('car', 'sky', 'car', 'person')))
    study, _ = make_study(results, tmp_path / 'study', judgments=1, layouts=layouts)
    page = tmp_path / 'study/pages/participant_001.html'
    assert 'Which image looks more like a photo of this scene?' in page.read_text()
    [third] = {shown['pictures'][2] for shown, trial in
               zip(page_data(page)['trials'], study.trials.values(), strict=True) if trial.scene == 'city/b'}
    drawn = np.asarray(Image.open(tmp_path / f'study/pages/pictures/{third}.png'))
    assert (drawn[:, :10] == (128, 64, 128)).all() and (drawn[:, 10:] == (70, 130, 180)).all()  # road, sky


@pytest.mark.parametrize(('settings', 'sentence'), [
    (dict(judgments=0), 'judgments=0, expected a whole number from 1 on'),
    (dict(per_participant=0), 'per_participant=0, expected a whole number from 1 on'),
    (dict(times=[]), 'times is empty: expected seconds'),
    (dict(times=[1, 0]), r'times=\[1, 0\], expected a list of numbers above 0 or None'),
    (dict(size=(0, 5)), r'size=\(0, 5\), expected 2 whole numbers from 1 on'),
    (dict(against='theirs'), "against='theirs' is none of the methods ours, baseline, photos"),
])
def test_arguments_out_of_range(results, tmp_path, settings, sentence):
    with pytest.raises(ValueError, match=sentence):
        make_study(results, tmp_path / 'study', **settings)
    assert not (tmp_path / 'study').exists()


def test_folders_that_do_not_fit(results, tmp_path):
    def refused(sentence, out='study', **folders):
        with pytest.raises(ValueError, match=sentence):
            make_study(folders, tmp_path / out)

    ours = results['ours']
    refused('expected two methods or more, found ours', ours=ours)
    refused('There is no folder nowhere of results', ours=ours, b='nowhere')
    (tmp_path / 'empty').mkdir()
    refused('empty holds no images', ours=ours, b=tmp_path / 'empty')
    Image.new('RGB', (20, 12)).save(tmp_path / 'empty/other.png')
    refused(r'in every folder \(ours: city/a, city/b and 2 more; b: other\)', ours=ours, b=tmp_path / 'empty')
    refused('ours exists and is not empty', out='ours', **results)
    Image.new('RGB', (20, 12)).save(ours / 'd.jpg')
    refused('more than one image of a name .*d.jpg and .*d.png', **results)


def test_labels_that_do_not_fit(results, tmp_path, city):
    folder = labels(tmp_path / 'labels', city, ('sky',) * 4)
    with pytest.raises(ValueError, match=r"classes=\['cat'\]: the data set has no class cat; it has road"):
        StudyLayouts(city, folder, ['cat'])
    with pytest.raises(DataError, match=r'There are no label maps in .*ours: they end in _gtFine_labelIds'):
        StudyLayouts(city, results['ours'])
    with pytest.raises(DataError, match=r'None of the 4 scenes has 0.5% of its pixels in: car'):
        make_study(results, tmp_path / 'study', layouts=StudyLayouts(city, folder, ['car']))
    (folder / 'd_gtFine_labelIds.png').unlink()
    with pytest.raises(DataError, match='The scene d has no label map in'):
        make_study(results, tmp_path / 'study', layouts=StudyLayouts(city, folder))
    assert not (tmp_path / 'study').exists()  # whole or absent


@pytest.fixture
def call(run_tool):
    """Run the tool: its status, output and errors."""
    return lambda *arguments: run_tool('user_study', *arguments)


def test_the_tool(call, results, tmp_path, city):
    named = [f'{method}={folder}' for method, folder in results.items()]
    config = ROOT / 'configs/pix2pixhd/pix2pixhd_toycity.py'
    folder, out = labels(tmp_path / 'labels', city, ('car',) * 4), tmp_path / 'study'
    code, text, _ = call('make', '--results', *named, '--out', out, '--judgments', 2, '--times', '1/8', 'unlimited',
                         '--config', config, '--labels', folder, '--classes', 'car', '--per-participant', 12)
    assert code == 0 and 'Participants: 2, comparisons: 24.' in text and f'keep {out}/key.json' in text
    study = Study.load(out)
    assert {trial.seconds for trial in study.trials.values()} == {0.125, None}
    code, text, _ = call('report', '--study', out, vote(study, 1, lambda trial: 2, tmp_path))
    assert code == 0 and '12 of 24 votes' in text and text.endswith('report.md\n')
    code, _, error = call('make', '--results', *named, '--out', out)
    assert code == 1 and error.startswith('error: ') and error.count('\n') == 1


@pytest.mark.parametrize(('arguments', 'sentence'), [
    (['ours'], 'expected NAME=FOLDER, found ours'),
    (['a=x', 'a=y'], 'two methods have one name'),
    (['a=x', 'b=y', '--labels', 'labels'], '--labels needs --config'),
    (['a=x', 'b=y', '--cfg-options', 'data_root=x'], '--cfg-options needs --config'),
    (['a=x', 'b=y', '--classes', 'car'], '--classes needs --labels'),
    (['a=x', 'b=y', '--times', '1/0'], 'such as 2 or 1/8, or unlimited; found 1/0'),
    (['a=x', 'b=y', '--times', '1e400'], 'or unlimited; found 1e400'),
])
def test_mistakes_in_the_command(call, arguments, sentence):
    code, _, error = call('make', '--out', 'study', '--results', *arguments)
    assert code == 2 and sentence in error

import csv
import json
import random
import re
import runpy
import sys
from collections import Counter
from itertools import combinations
from math import ceil, sqrt

import numpy as np
import pytest
from PIL import Image

from helpers.narrow import ROOT
from semsynth.data import PairedFolderDataset
from semsynth.errors import DataError
from semsynth.studies.preference import Study, StudyLayouts, Trial, data_set_of, make_study, plan_trials, report_study
from semsynth.studies.preference.pictures import highlight, read_picture
from semsynth.studies.preference.votes import preferences, read_votes

METHODS = ('ours', 'baseline', 'photos')
SCENES = ('city/a', 'city/b', 'city/c', 'd')
TIMES = [1 / 8, 1, None]


def save(path, picture):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(picture).save(path)


@pytest.fixture
def results(tmp_path):
    """Folders of three methods, with images of noise; the photos are JPEG."""
    noise = np.random.default_rng(0)
    for method in METHODS:
        for scene in SCENES:
            ending = '.jpg' if method == 'photos' else '.png'
            save(tmp_path / method / f'{scene}{ending}', noise.integers(0, 256, (12, 20, 3), dtype=np.uint8))
    return {method: tmp_path / method for method in METHODS}


@pytest.fixture
def study(results, tmp_path):
    return make_study(results, tmp_path / 'study', judgments=2, per_participant=5, times=TIMES)[0]


@pytest.fixture(scope='module')
def city():
    return data_set_of(ROOT / 'configs/pix2pixhd/pix2pixhd_toycity.py')


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
    with pytest.raises(DataError, match=r'of 1 of 4 scenes differ in size .*ours/d.png is 40x24, .*--size'):
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


def labels(folder, city, classes):
    """Label maps of twice the images' size: half of each is of the class, half is road."""
    numbers = {name: number for number, index in city.id_map.items() for name in [city.classes[index]]}
    for scene, name in zip(SCENES, classes, strict=True):
        ids = np.full((24, 40), numbers['road'], np.uint8)
        ids[:, 20:] = numbers[name]
        save(folder / f'{scene}_gtFine_labelIds.png', ids)
    return folder


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


def vote(study, participant, choose, folder):
    """A participant's file."""
    votes = {name: choose(trial) for name, trial in study.participants[participant].items()}
    path = folder / f'votes_{participant}.json'
    path.write_text(json.dumps(dict(study=study.id, participant=participant, votes=votes)))
    return path


def test_rates_and_wilson_intervals():
    def trials(seconds, won, lost):  # sides alternate
        shown = [('a', 'b'), ('b', 'a')]
        return [(Trial(1, f's{i}', shown[i % 2], seconds), 'a' if i < won else 'b') for i in range(won + lost)]

    decided = [*trials(None, 8, 2), *trials(0.5, 0, 6), *trials(0.125, 5, 5)]
    study = Study('x', (('a', 'b'),), {str(i): trial for i, (trial, _) in enumerate(decided)})
    votes = {str(i): trial.methods.index(winner) + 1 for i, (trial, winner) in enumerate(decided)}
    rates = preferences(study, votes)
    assert [(each.method, each.over, each.seconds, each.votes, each.preferred) for each in rates] == [
        ('a', 'b', 0.125, 10, 5), ('a', 'b', 0.5, 6, 0), ('a', 'b', None, 10, 8)]
    z = 1.959963984540054
    for each in rates:
        n, p = each.votes, each.preferred / each.votes
        middle = (p + z * z / (2 * n)) / (1 + z * z / n)
        half = z * sqrt(p * (1 - p) / n + (z / (2 * n)) ** 2) / (1 + z * z / n)
        assert each.rate == p and each.over_participants is None
        assert each.interval == pytest.approx((middle - half, middle + half), abs=1e-9)


def test_intervals_over_participants():
    won, given = [1, 2, 3, 3, 4, 5, 1, 0, 2, 6, 4, 3], [4, 4, 4, 4, 4, 5, 2, 3, 4, 6, 4, 4]
    cast = [(Trial(person, f's{i}', ('a', 'b'), None), 1 if i < wins else 2)
            for person, (wins, count) in enumerate(zip(won, given, strict=True)) for i in range(count)]
    study = Study('x', (('a', 'b'),), {str(i): trial for i, (trial, _) in enumerate(cast)})
    [rate] = preferences(study, {str(i): choice for i, (_, choice) in enumerate(cast)})
    draw, drawn = random.Random(1), []
    for _ in range(5000):
        people = [draw.randrange(12) for _ in range(12)]
        drawn.append(sum(won[i] for i in people) / sum(given[i] for i in people))
    assert rate.over_participants == pytest.approx((sorted(drawn)[125], sorted(drawn)[4875]), abs=0.02)
    few = {name: trial for name, trial in study.trials.items() if trial.participant < 9}
    assert preferences(Study('x', study.pairs, few), dict.fromkeys(few, 1))[0].over_participants is None


def test_the_report(study, tmp_path):
    best = {'baseline': 0, 'ours': 1, 'photos': 2}
    files = [vote(study, number, lambda trial: 1 + (best[trial.methods[1]] > best[trial.methods[0]]), tmp_path)
             for number in (1, 2, 3, 4)]
    report = report_study(tmp_path / 'study', files)
    assert report == tmp_path / 'study/report/report.md'
    text = report.read_text()
    own = study.participants
    assert f'{sum(len(own[number]) for number in (1, 2, 3, 4))} of 24 votes, by 4 of 5 participants' in text
    assert '| ours | baseline | 1/8 s |' in text and '| baseline | photos | unlimited |' in text
    assert 'did not finish: none.' in text
    rows = list(csv.DictReader((report.parent / 'preferences.csv').open()))
    assert {(row['preferred'], row['over'], row['rate']) for row in rows} == {
        ('ours', 'baseline', '1.0000'), ('ours', 'photos', '0.0000'), ('baseline', 'photos', '0.0000')}
    assert {row['seconds'] for row in rows} == {'0.125', '1', 'unlimited'}
    assert Image.open(report.parent / 'preferences.png').size[0] > 500


def test_a_report_replaces_one_on_the_same_study_alone(study, tmp_path):
    votes = [vote(study, number, lambda trial: 1, tmp_path) for number in (1, 2, 3, 4)]
    path = report_study(tmp_path / 'study', votes, tmp_path / 'out')
    before = path.read_text()
    assert before.startswith(f'# Preference study {study.id}\n')
    assert report_study(tmp_path / 'study', votes, tmp_path / 'out') == path
    path.write_text(before.replace(study.id, 'another'))
    with pytest.raises(ValueError, match=rf'report\.md is there already, and no report on this study \({study.id}\)'):
        report_study(tmp_path / 'study', votes, tmp_path / 'out')
    assert path.read_text() == before.replace(study.id, 'another')
    with pytest.raises(ValueError, match='is a file, but results go into a folder'):
        report_study(tmp_path / 'study', votes, votes[0])


def test_a_participant_who_stopped(study, tmp_path):
    path = vote(study, 2, lambda trial: 1, tmp_path)
    content = json.loads(path.read_text())
    content['votes'] = dict(list(content['votes'].items())[:3])
    path.write_text(json.dumps(content))
    text = report_study(tmp_path / 'study', [path], tmp_path / 'elsewhere').read_text()
    assert '3 of 24 votes, by 1 of 5 participants. Chance is 50 %. Image 1 was chosen in 100.0 %' in text
    assert f'did not finish: 2 (3 of {len(study.participants[2])}).' in text


def test_votes_that_do_not_fit(study, tmp_path):
    good = vote(study, 1, lambda trial: 1, tmp_path)
    content = json.loads(good.read_text())

    def refused(sentence, *files, **changes):
        changed = tmp_path / 'changed.json'
        changed.write_text(json.dumps(content | changes))
        with pytest.raises(DataError, match=sentence):
            read_votes(study, files or [changed])

    foreign = next(iter(study.participants[2]))
    refused(r'changed.json holds votes for the study other, but this is the study [0-9a-f]{12}', study='other')
    refused(f'changed.json holds 1 votes on trials that participant 1 does not have .{foreign}.', votes={foreign: 1})
    refused(r'changed.json holds 1 votes on trials .*\(nonsense\)', votes={'nonsense': 1})
    refused('trials that participant 77 does not have', participant=77)
    refused('changed.json holds 1 choices that are neither 1 nor 2', votes={next(iter(content['votes'])): 3})
    refused(r'neither 1 nor 2 .*: 1\.0', votes={next(iter(content['votes'])): 1.0})
    refused('changed.json is no file of votes', votes=5)
    refused('changed.json and .*votes_1.json are both of participant 1', good, tmp_path / 'changed.json')
    refused('There are no votes in .*changed.json', votes={})
    refused('There is no file nowhere.json', 'nowhere.json')
    refused('participant_001.html is no file of votes', tmp_path / 'study/pages/participant_001.html')
    with pytest.raises(DataError, match=r'There is no .*nowhere/key.json: name the folder that'):
        report_study('nowhere', [good])


@pytest.fixture
def call(monkeypatch, capsys):
    """Run the tool: its status, output and errors."""
    def run(*arguments):
        monkeypatch.setattr(sys, 'argv', ['user_study.py', *map(str, arguments)])
        capsys.readouterr()
        try:
            runpy.run_path(str(ROOT / 'tools/user_study.py'), run_name='__main__')
        except SystemExit as stop:
            return stop.code, *capsys.readouterr()
        return 0, *capsys.readouterr()

    return run


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
    (['a=x', 'b=y', '--classes', 'car'], '--classes needs --labels'),
    (['a=x', 'b=y', '--times', '1/0'], 'such as 2 or 1/8, or unlimited; found 1/0'),
    (['a=x', 'b=y', '--times', '1e400'], 'or unlimited; found 1e400'),
])
def test_mistakes_in_the_command(call, arguments, sentence):
    code, _, error = call('make', '--out', 'study', '--results', *arguments)
    assert code == 2 and sentence in error


TRIAL = dict(participant=1, scene='a', methods=['x', 'y'], seconds=None)


@pytest.mark.parametrize('key', [
    '', '[1]', '[' * 100_000, '{}', dict(id='s', pairs=[['x', 'y']], trials=3), dict(id=3, pairs=[], trials={}),
    dict(id='s', pairs=3, trials={}), dict(id='s', pairs=[['x', 'y']], trials=dict(t=dict(participant=1))),
    *(dict(id='s', pairs=[['x', 'y']], trials=dict(t=TRIAL | change)) for change in (
        dict(more=1), dict(participant='x'), dict(seconds='x'), dict(seconds=-1), dict(methods=3),
        dict(methods=['x', 'z'])))], ids=str)
def test_a_damaged_key(tmp_path, key):
    def write(content):
        (tmp_path / 'key.json').write_text(content if isinstance(content, str) else json.dumps(content))

    write(dict(id='s', pairs=[['x', 'y']], trials=dict(t=TRIAL)))
    assert Study.load(tmp_path).trials['t'].methods == ('x', 'y')
    write(key)
    with pytest.raises(DataError, match=r'key\.json is damaged, or no key of a study \(.*: take it from a copy'):
        Study.load(tmp_path)


@pytest.mark.parametrize('votes', [
    dict(participant=float('inf')), dict(participant=None), dict(votes=3), dict(votes=[1]), '[' * 100_000], ids=str)
def test_damaged_votes(study, tmp_path, votes):
    path = tmp_path / 'votes.json'
    whole = dict(study=study.id, participant=1, votes={})
    path.write_text(votes if isinstance(votes, str) else json.dumps(whole | votes))
    with pytest.raises(DataError, match=r'votes\.json is no file of votes'):
        read_votes(study, [path])

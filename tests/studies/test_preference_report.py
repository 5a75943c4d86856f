import csv
import json
import random
from math import sqrt

import pytest
from PIL import Image

from helpers.facts import facts
from helpers.preference import vote
from semsynth.errors import DataError
from semsynth.studies.preference import Study, Trial, report_study
from semsynth.studies.preference.votes import preferences, read_votes


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
    with pytest.raises(ValueError, match=facts('report.md', study.id)):
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
    with pytest.raises(DataError, match=facts('key.json', 'damaged')):
        Study.load(tmp_path)


@pytest.mark.parametrize('votes', [
    dict(participant=float('inf')), dict(participant=None), dict(votes=3), dict(votes=[1]), '[' * 100_000], ids=str)
def test_damaged_votes(study, tmp_path, votes):
    path = tmp_path / 'votes.json'
    whole = dict(study=study.id, participant=1, votes={})
    path.write_text(votes if isinstance(votes, str) else json.dumps(whole | votes))
    with pytest.raises(DataError, match=r'votes\.json is no file of votes'):
        read_votes(study, [path])

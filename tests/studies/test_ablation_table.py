"""Numbers of the table against plain numpy."""

import csv
import io
from dataclasses import replace

import numpy as np
import pytest
from mmengine.config import Config
from PIL import Image

from semsynth.studies.ablation.chart import chart
from semsynth.studies.ablation.rows import Row
from semsynth.studies.ablation.table import Ablation, Line, markdown, table

SCORES = {0: (61.25, 0.9), 1: (63.5, 1.1), 4: (58.125, 0.7)}


def result(miou, distance, seconds=0.25, **more):
    scores = {'mIoU': miou, 'x/aAcc': 90.0, 'oracle_mIoU': 85.0, 'x/oracle_aAcc': 97.5, 'frechet_judge': distance}
    return dict(scores=scores, judge='independent: yes.', steps=550, seconds_per_step=seconds, jobs=1, device='CPU',
                **more)


@pytest.fixture
def ablation():
    full = Row('full', None, 'all parts', paper=dict(mIoU=72.2, FID=44.5),
               parameters=dict(generator=5_874_685, trainable=6_667_311))
    rows = [Line(Row('bare', None, 'none'), {}), Line(Row('one', None, 'one'), {0: result(40.0, 2.0, seconds=None)}),
            Line(full, {seed: result(*scores, seconds=0.25 * (seed + 1)) for seed, scores in SCORES.items()})]
    return Ablation('mine', rows, [0, 1, 4], 'semsynth ablate mine', {(0, 1, 4): 'semsynth ablate mine --rows bare'})


def cells(text, title):
    [line] = [line for line in text.splitlines() if line.startswith(f'| {title} |')]
    return [cell.strip() for cell in line.strip('|').split('|')]


def test_means_and_deviations(ablation):
    text = markdown(ablation)
    miou, distance = np.array(list(SCORES.values())).T
    assert cells(text, 'row') == ['row', 'seeds', 'mIoU', 'mIoU (paper)', 'x/aAcc', 'frechet_judge', 'FID (paper)',
                                  'generator', 'trainable', 'time per step']
    assert cells(text, 'all parts') == [
        'all parts', '3 of 3', f'{miou.mean():.4g} ± {miou.std(ddof=1):.2g}', '72.2', '90 ± 0',
        f'{distance.mean():.4g} ± {distance.std(ddof=1):.2g}', '44.5', '5.87 M', '6.67 M',
        f'{0.25 * (1 + 2 + 5) / 3:.4g} ± {np.std([0.25, 0.5, 1.25], ddof=1):.2g} s']
    assert cells(text, 'one') == ['one', '1 of 3', '40', '-', '90', '2', '-', '-', '-', '-']
    assert cells(text, 'none') == ['none', 'not run', *['-'] * 8]
    assert cells(text, 'real images (oracle)') == ['real images (oracle)', '-', '85', '-', '97.5', *['-'] * 5]
    assert '- Not run, or not done yet, with seed 0, 1, 4: none (`bare`): `semsynth ablate mine --rows bare`\n' in text
    assert '- Not run, or not done yet, with seed 1, 4: one (`one`).\n' in text and '(`full`)' not in text
    assert '- Judge independent: yes.' in text and '- Steps: 550; device: CPU.' in text


def test_the_csv_has_all_digits(ablation):
    rows = {row['row']: row for row in csv.DictReader(io.StringIO(table(ablation)))}
    miou = np.array([value for value, _ in SCORES.values()])
    full = rows['all parts']
    assert (full['config'], full['seeds'], full['mIoU (paper)'], full['FID (paper)']) == ('full', '3', '72.2', '44.5')
    assert np.allclose([float(full['mIoU']), float(full['mIoU std'])], [miou.mean(), miou.std(ddof=1)])
    assert (full['generator parameters'], full['trainable parameters']) == ('5874685', '6667311')
    assert float(full['seconds per step']) == pytest.approx(2 / 3)
    assert (rows['one']['mIoU'], rows['one']['mIoU std'], rows['one']['seconds per step']) == ('40.0', '', '')
    assert {value for key, value in rows['none'].items() if key not in ('config', 'row', 'seeds')} == {''}
    assert (rows['real images (oracle)']['mIoU'], rows['real images (oracle)']['x/aAcc']) == ('85.0', '97.5')
    assert list(rows) == ['none', 'one', 'all parts', 'real images (oracle)']


def test_the_chart_has_a_panel_a_score(ablation):
    picture = Image.open(io.BytesIO(chart(ablation)))
    ablation.lines[-1].row.paper.pop('FID')
    narrower = Image.open(io.BytesIO(chart(ablation)))
    assert picture.format == 'PNG' and picture.width * 3 == narrower.width * 4


def test_nothing_done_yet():
    ablation = Ablation('mine', [Line(Row('a', None, 'a'), {})], [0], 'semsynth ablate mine')
    text = markdown(ablation)
    assert cells(text, 'a') == ['a', 'not run', '-', '-', '-']
    assert '- No run is done yet' in text and 'Steps' not in text and "The paper's" not in text
    assert table(ablation).startswith('config,row,seeds,generator parameters,')
    assert Image.open(io.BytesIO(chart(ablation))).format == 'PNG'


def test_scores_by_their_plain_names(ablation):
    for line in ablation.lines:
        for of_seed in line.results.values():
            of_seed['titles'] = {'mIoU': 'mean IoU ↑', 'frechet_judge': 'distance ↓'}
    assert cells(markdown(ablation), 'row')[2:6] == ['mean IoU ↑', 'mIoU (paper)', 'x/aAcc', 'distance ↓']


def test_papers_conditions_and_what_is_left_out(ablation, monkeypatch):
    """Of rows whose papers measured under conditions of their own, ours stand in a column and theirs below."""
    monkeypatch.setattr(Row, 'own_conditions', '64x128, batch 4, 550 steps')
    monkeypatch.setattr(Row, 'judged_by', 'city-v1')
    ablation.lines[0].row.config = Config(dict(a=1))
    left = Row('sims', None, 'SIMS', paper=dict(mIoU=47.2), conditions='table 2', left_out='it is old')
    ablation.lines[2].row.conditions = 'table 2'
    text = markdown(replace(ablation, lines=[*ablation.lines, Line(left, {})]))
    assert cells(text, 'row')[-1] == 'our size, batch, length'
    assert cells(text, 'SIMS') == ['SIMS', 'not run', '-', '47.2', *['-'] * 7]
    assert cells(text, 'one')[-1] == '64x128, batch 4, 550 steps'
    assert len(cells(text, 'real images (oracle)')) == len(cells(text, 'row'))
    assert '- SIMS: not run; it is old.' in text and "- The paper's figures of all parts, SIMS: table 2." in text
    assert '- Ours: judged by city-v1.' in text


def test_facts_of_results_from_elsewhere(ablation):
    """Parameters of a row that was not built here, machines, precisions, judges."""
    facts = dict(machine='a processor', parameters=dict(generator=7_000_000),
                 judges=[dict(type='FrechetDistance', protocol=None, weights='abc'),
                         dict(type='SegmentationEvaluator', protocol='city-v1', weights='def')])
    lines = [*ablation.lines, Line(Row('new', None, 'new'), {0: result(50.0, 1.0, precision='float32', **facts),
                                                             1: result(51.0, 1.0, precision='bfloat16', **facts)})]
    text = markdown(replace(ablation, lines=lines, outdated=['new, seed 1']))
    assert cells(text, 'new')[-3:] == ['7 M', '-', '0.25 ± 0 s']
    assert '- Machine: a processor; precision of training: float32, bfloat16.' in text
    assert 'FrechetDistance (abc), city-v1 (def).' in text
    assert '- Of other settings than their configs have now: new, seed 1.' in text
    assert 'strip.png' not in text and 'strip.png' in markdown(ablation, pictures=True)

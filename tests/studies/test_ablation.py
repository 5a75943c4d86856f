"""Ablations with tools that do nothing, in the real ones' places."""

import csv
import json
import re
import sys

import numpy as np
import pytest
import torch
from mmengine.registry import DefaultScope
from mmseg.registry import MODELS
from PIL import Image

from helpers import tiny_segmentor
from helpers.ablation import add, calls
from helpers.facts import facts
from semsynth.cli import main
from semsynth.config import read_config
from semsynth.engine.work_folder import LOCK, locked
from semsynth.segmentors.config import model_config
from semsynth.studies.ablation import ablate
from semsynth.studies.ablation.plan import check_rows
from semsynth.studies.ablation.rows import read_rows
from semsynth.studies.ablation.run import Run


@pytest.mark.slow
def test_all_rows_and_seeds_are_trained_once(folder, tmp_path, capsys):
    out = tmp_path / 'out'
    (out / 'a_less/seed_1').mkdir(parents=True)  # cut off before anything was written
    run = lambda **options: ablate(folder, out=out, seeds=(0, 1), precision='bfloat16', **options)
    assert run(jobs=2) == []
    every = [calls(out, row, seed) for row in ('a_less', 'b_full') for seed in (0, 1)]
    assert every == [['--resume --precision bfloat16']] * 4
    assert run() == []
    (out / 'b_full/seed_1/result.json').unlink()  # cut off after training
    assert run() == []
    assert [len(calls(out, row, seed)) for row in ('a_less', 'b_full') for seed in (0, 1)] == [1, 1, 1, 2]
    printed = capsys.readouterr().out
    assert '0 of 4 runs are done' in printed and '4 of 4 runs are done' in printed
    text = (out / 'table.md').read_text()
    assert '| full | 2 of 2 | 50.5 ± 0.71 | 70.5 | 1.5 ± 0.71 | 40 |' in text
    assert '| a_less | 2 of 2 | 50.5 ± 0.71 | - | 1.5 ± 0.71 | - |' in text
    assert 'device: a GPU.' in text
    assert f'Made by `semsynth ablate {folder} --jobs 1 --seeds 0 1 --out {out} --precision bfloat16`.' in text
    seeds = [re.search(r"randomness *= *dict\(.*?seed=(\d)", (out / f'b_full/seed_{seed}.py').read_text(), re.S)[1]
             for seed in (0, 1)]
    assert seeds == ['0', '1']
    with pytest.raises(ValueError, match=facts('b_full/seed_0', 'train_cfg.max_iters=1, now 2')):
        run(cfg_options={'train_cfg.max_iters': 2})
    strip = np.asarray(Image.open(out / 'strip.png'))
    cell = 4 + 256  # enlarged four times
    assert strip.shape[1] == 4 + 4 * cell  # layout, two rows, real
    for column in (1, 2):
        pictures = (strip[:, 4 + column * cell:(column + 1) * cell] == (10, 200, 30)).all(2)
        assert pictures.all(1).sum() == 4 * 4 * 64  # four of the five scenes


def test_a_run_keeps_the_precision_that_it_was_begun_in(folder, tmp_path, monkeypatch):
    row = read_rows(folder)[0]
    row.config.precision = 'auto'
    run = Run(row, 0, tmp_path / 'seed_0')
    has_units = lambda answer: monkeypatch.setattr('semsynth.devices.has_bfloat16_units', lambda: answer)
    monkeypatch.setattr('semsynth.studies.ablation.run.get_device', lambda: 'cpu')
    has_units(True)
    run.write_settings()
    has_units(False)
    run.check_settings()
    assert run.precision == 'bfloat16' and next(run.commands([]))[-2:] == ['--precision', 'bfloat16']
    row.config.precision = 'float32'
    with pytest.raises(ValueError, match=r'was begun with other settings \(precision=bfloat16, now float32\)'):
        run.check_settings()


@pytest.mark.parametrize(('amp', 'precision'), [(True, 'bfloat16'), (False, 'float32')])
def test_a_run_of_an_older_ablation_goes_on(folder, tmp_path, amp, precision):
    """Its settings said amp."""
    row = read_rows(folder)[0]
    row.config.precision = 'auto'
    run = Run(row, 0, tmp_path / 'seed_0')
    older = run.whole_config
    older.pop('precision')
    older.ablation.amp = amp
    run.settings.write_text(older.pretty_text)
    run.check_settings()
    assert run.precision == precision


@pytest.mark.slow
def test_a_row_with_styles_is_judged_by_styles_that_are_encoded_first(folder, tmp_path):
    """By one command more, after training and before the judge, with the run's seed; other rows have no such file."""
    add(folder, 'c_styles', "model = dict(encoder=dict(type='InstanceFeatureEncoder', base_channels=8))")
    out = tmp_path / 'out'
    assert ablate(folder, out=out, seeds=(3,)) == []
    run = out / 'c_styles/seed_3'
    checkpoint, styles = run / 'iter_1.pth', run / 'styles.npz'
    assert styles.read_text() == f'{checkpoint} --seed 3 --out {styles}'
    assert json.loads((run / 'results_iter_1.json').read_text())['arguments'] == ['--styles', str(styles)]
    assert (run / 'scenes/arguments').read_text() == f'--styles {styles}'
    assert [path.parts[-3] for path in out.glob('*/seed_3/styles.npz')] == ['c_styles']
    assert json.loads((out / 'b_full/seed_3/results_iter_1.json').read_text())['arguments'] == []


def ranks_of(run):
    """What each rank was called with, by its number."""
    return {path.name.removeprefix('calls'): path.read_text().splitlines() for path in run.glob('calls*')}


@pytest.mark.slow
def test_ranks_train_a_run_together(folder, tmp_path, capsys):
    """By torchrun itself; the batch of 2 is shared, and the table says so."""
    out = tmp_path / 'out'
    assert ablate(folder, out=out, gpus_per_run=2) == []
    for row in ('a_less', 'b_full'):
        called = ['--resume --precision float32 --launcher pytorch']
        assert ranks_of(out / f'{row}/seed_0') == {'0': called, '1': called}
        assert read_config(out / f'{row}/seed_0.py').train_dataloader.batch_size == 1
    text = (out / 'table.md').read_text()
    assert 'Each run was trained by 2 ranks, which shared the batch.' in text and '--gpus-per-run 2' in text
    with pytest.raises(ValueError, match=r'was begun with other settings \(ablation\.gpus_per_run=2, now None\)'):
        ablate(folder, out=out)
    add(folder, 'c_broken')
    capsys.readouterr()
    assert ablate(folder, out=out, gpus_per_run=2) == ['c_broken, seed 0']
    printed = capsys.readouterr().out
    assert 'loss is nan' in printed and 'seed_0.py ended with exit code 1' in printed and 'Traceback' not in printed
    (out / 'c_broken/seed_0/mended').touch()
    assert ablate(folder, out=out, gpus_per_run=2) == []


def test_more_gpus_than_there_are(folder, monkeypatch):
    with pytest.raises(ValueError, match=r'gpus_per_run=0: expected at least 1\.'):
        ablate(folder, gpus_per_run=0)
    monkeypatch.setattr('torch.cuda.device_count', lambda: 2)
    with pytest.raises(ValueError, match=facts('gpus_per_run=3', 'at most 2')):
        ablate(folder, gpus_per_run=3)


@pytest.mark.slow
def test_unequal_conditions_stand_in_the_table(folder, tmp_path):
    add(folder, 'c_longer', "train_cfg = dict(max_iters=2)\nrow = dict(title='longer', order=3)")
    add(folder, 'd_other', "test_dataloader = dict(dataset=dict(type='CityscapesDataset'))\n"
        "row = dict(title='other scenes', order=4)")
    with pytest.raises(ValueError, match=r'differ in train_cfg\.max_iters \(2 and 1\), .* table, with --allow-unequal'):
        ablate(folder, out=tmp_path / 'out')
    out = tmp_path / 'out'
    assert ablate(folder, out=out, allow_unequal=True) == []
    lines = (out / 'table.md').read_text().splitlines()
    cells = [[cell.strip() for cell in line.split('|')] for line in lines if line.startswith('|')]
    last = {line[1]: line[-2] for line in cells}
    assert last == {'row': 'unequal conditions', '---': '---', 'full': '-', 'a_less': '-',
                    'longer': 'train_cfg.max_iters=2 (1)', 'real images (oracle)': '-',
                    'other scenes': 'test_dataloader.dataset.type=CityscapesDataset (ToyCityDataset)'}
    assert any('Rows differ in their conditions' in line for line in lines)
    assert any('--allow-unequal' in line for line in lines)
    rows = list(csv.DictReader((out / 'table.csv').read_text().splitlines()))
    assert [row['unequal conditions'] for row in rows if row['row'] == 'longer'] == ['train_cfg.max_iters=2 (1)']
    assert (out / 'c_longer/seed_0/scenes').is_dir() and not (out / 'd_other/seed_0/scenes').exists()


def test_equal_rows_have_no_such_column(folder, tmp_path):
    assert ablate(folder, out=tmp_path, allow_unequal=True) == []
    assert 'unequal' not in (tmp_path / 'table.csv').read_text()
    assert 'conditions' not in (tmp_path / 'table.md').read_text()


def test_every_row_s_judge_is_looked_at(folder, tmp_path):
    """Where rows may have other judges, also those that the first one has not."""
    with DefaultScope.overwrite_default_scope('mmseg'):
        network = MODELS.build(model_config(tiny_segmentor.config(12)))
    path = tiny_segmentor.save(network, tmp_path / 'one.pth')
    add(folder, 'c', f"model = dict(segmentor=dict(checkpoint={path!r}))\nimport copy\n"
        f"test_evaluator = copy.deepcopy(_base_.test_evaluator)\ntest_evaluator[0].judge.checkpoint = {path!r}")
    with pytest.raises(ValueError, match=r"c\.py: test_evaluator's judge has the very weights"):
        ablate(folder, out=tmp_path / 'out', allow_unequal=True)


@pytest.mark.slow
def test_a_row_that_fails_does_not_stop_the_others(folder, tmp_path, capsys):
    add(folder, 'a_broken', "row = dict(order=1)")
    out = tmp_path / 'out'
    assert ablate(folder, out=out) == ['a_broken, seed 0']
    printed = capsys.readouterr().out
    assert 'a_broken, seed 0 failed' in printed and 'ended with exit code 3' in printed and 'loss is nan' in printed
    text = (out / 'table.md').read_text()
    assert '| a_broken | not run | - | - | - | - |' in text and '| full | 1 of 1 | 50 | 70.5 | 2 | 40 |' in text
    [line] = [each for each in text.splitlines() if each.startswith('- Not run, or not done yet, with seed 0: a_b')]
    assert f'semsynth ablate {folder}' in line and 'a_broken' in line and f'--seeds 0 --out {out}' in line
    (out / 'a_broken/seed_0/mended').touch()
    assert ablate(folder, out=out) == []
    assert len(calls(out, 'b_full')) == 1 and len(calls(out, 'a_broken')) == 2


@pytest.mark.slow
def test_one_ablation_at_a_time_in_a_folder(folder, tmp_path):
    out = tmp_path / 'out'
    with locked(out, 'ablation', 'wait'):
        with pytest.raises(ValueError, match=facts('Another ablation', out)):
            ablate(folder, out=out)
        assert list(out.iterdir()) == [out / LOCK]
        assert ablate(folder, out=tmp_path / 'other') == []
    assert ablate(folder, out=out) == []


def test_the_gpus_are_left_to_the_runs(folder, monkeypatch):
    """Where there is none, building a judge on one fails."""
    monkeypatch.setattr('semsynth.devices.get_device', lambda: 'cuda')
    check_rows(read_rows(folder))
    assert not torch.cuda.is_initialized()


@pytest.mark.parametrize('options', [dict(jobs=0), dict(seeds=()), dict(seeds=(1, 1)), dict(seeds=(0, -1))])
def test_what_cannot_be_run_is_refused(folder, options):
    with pytest.raises(ValueError, match=r'^(jobs=0, expected a whole number|seeds=.*, expected one or more)'):
        ablate(folder, **options)


def test_the_tool_fails_where_a_run_failed(monkeypatch):
    monkeypatch.setattr('semsynth.studies.ablation.ablate', lambda folder, **options: ['full, seed 3'])
    monkeypatch.setattr(sys, 'argv', ['semsynth', 'ablate', 'somewhere', '--seeds', '3'])
    with pytest.raises(SystemExit, match=facts('error: ', '1 run', 'full, seed 3')):
        main()

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
from helpers.narrow import ROOT, narrow
from semsynth.cli import main
from semsynth.engine.launch import read_config
from semsynth.engine.stages import stage_configs
from semsynth.engine.work_folder import LOCK, locked
from semsynth.errors import DataError
from semsynth.segmentors.config import model_config
from semsynth.studies.ablation import ablate, jobs
from semsynth.studies.ablation.plan import Row, check_batches, check_conditions, check_rows, read_rows
from semsynth.studies.ablation.run import Run
from semsynth.weights import hash_weights
from semsynth.writing import write_whole

FULL = 'configs/ecgan/ecgan_toycity.py'
TOOLS = dict(
    train='''
        folder = pathlib.Path(sys.argv[3])
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / f'calls{os.environ.get("RANK", "")}').open('a') as calls:
            calls.write(' '.join(sys.argv[4:]) + '\\n')
        if os.environ.get('RANK', '0') != '0':
            sys.exit()
        if 'broken' in folder.parts[-2] and not (folder / 'mended').exists():
            print('loss is nan')
            sys.exit(3)
        with zipfile.ZipFile(folder / 'iter_1.pth', 'w') as file:
            file.writestr('data.pkl', '')''',
    encode_styles='''
        out = pathlib.Path(sys.argv[sys.argv.index('--out') + 1])
        out.write_text(' '.join(sys.argv[2:]))''',
    test='''
        seed = int(re.search(r'seed_(\\d)', sys.argv[2])[1])
        scores = dict(mIoU=50.0 + seed, oracle_mIoU=80.0, frechet_judge=2.0 - seed, oracle_frechet_judge=0.5)
        report = dict(judge='independent: so it is.', scores=scores, iterations=1, device='a GPU')
        pathlib.Path(sys.argv[4]).write_text(json.dumps(report | dict(arguments=sys.argv[5:])))''',
    synthesize='''
        out = sys.argv.index('--out')
        folder = pathlib.Path(sys.argv[out + 1])
        folder.mkdir(parents=True, exist_ok=True)
        (folder / 'arguments').write_text(' '.join(sys.argv[out + 2:]))
        for path in map(pathlib.Path, sys.argv[3:out]):
            assert path.is_file()
            Image.new('RGB', (64, 64), (10, 200, 30)).save(folder / path.name.replace('_gtFine_labelIds', ''))''')


@pytest.fixture(scope='module')
def tools(tmp_path_factory):
    folder = tmp_path_factory.mktemp('tools')
    for name, body in TOOLS.items():
        lines = [line[8:] for line in body.splitlines()]
        picture = ['from PIL import Image'] if name == 'synthesize' else []
        text = '\n'.join(['import json, os, pathlib, re, sys, zipfile', *picture, *lines])
        (folder / f'{name}.py').write_text(text)
    (folder / 'semsynth.py').write_text('import pathlib, runpy, sys\ndel sys.argv[0]\n'
                                        'runpy.run_path(pathlib.Path(__file__).with_name(f"{sys.argv[0]}.py"))')
    return folder


@pytest.fixture
def folder(toycity, tmp_path, tools, monkeypatch):
    """Two rows, of which the second is based on the first; quick polling, and no charts."""
    monkeypatch.setattr(jobs, 'POLL_SECONDS', 0.01)
    monkeypatch.setattr('semsynth.studies.ablation.run.COMMAND', (str(tools / 'semsynth.py'),))
    monkeypatch.setattr('semsynth.studies.ablation.chart', lambda ablation: b'')
    folder = tmp_path / 'mine'
    folder.mkdir()
    base = narrow(FULL, toycity).pretty_text
    (folder / 'b_full.py').write_text(f"{base}\nrow = dict(title='full', order=2, paper=dict(mIoU=70.5, FID=40))\n")
    (folder / 'a_less.py').write_text("_base_ = './b_full.py'\nmodel = dict(losses=dict(similarity=None))\n")
    return folder


def add(folder, name, text=''):
    (folder / f'{name}.py').write_text(f"_base_ = './b_full.py'\n{text}\n")


def calls(folder, row, seed=0):
    return (folder / row / f'seed_{seed}' / 'calls').read_text().splitlines()


def test_rows_have_their_own_figures_and_order(folder):
    add(folder, 'c_more', "row = dict(title='more', order=1)")
    rows = read_rows(folder, {'train_cfg.max_iters': 7})
    assert [(row.name, row.title, dict(row.paper)) for row in rows] == [
        ('c_more', 'more', {}), ('b_full', 'full', dict(mIoU=70.5, FID=40)), ('a_less', 'a_less', {})]
    assert {row.config.train_cfg.max_iters for row in rows} == {7}
    (folder / '._b_full.py').write_bytes(b'\0\x05\x16\x07')  # as macOS leaves beside a file
    assert len(read_rows(folder)) == 3


@pytest.mark.parametrize(('text', 'message'), [
    ("row = dict(titel='x')", r"c\.py: row=\{'titel': 'x'\}, expected dict\(title=, order=, paper=\)"),
    ('row = 3', 'c.py: row=3, expected'),
    ('row = dict(title=3)', r'c\.py: row: title=3, expected text\.'),
    ("row = dict(order='x')", "row: order='x', expected a number"),
    ("row = dict(paper=dict(mIoU='x'))", r"row: paper\.mIoU='x', expected a number"),
    ("row = dict(title=str(_base_.num_classes))", r"c\.py: row must be written out in plain values \(name '_base_'"),
    ("row = dict(title='full')", 'b_full, c have one title')])
def test_rows_that_cannot_be_read(folder, text, message):
    add(folder, 'c', text)
    with pytest.raises(ValueError, match=message):
        read_rows(folder)


def test_folders_without_rows(tmp_path):
    with pytest.raises(FileNotFoundError, match=r'There is no folder .*none: name one whose configs'):
        read_rows(tmp_path / 'none')
    with pytest.raises(ValueError, match='holds no config'):
        read_rows(tmp_path)


@pytest.mark.parametrize(('text', 'message'), [
    ('train_cfg = dict(max_iters=2)', r'c\.py and .*b_full\.py differ in train_cfg.max_iters \(2 and 1\)'),
    ('train_dataloader = dict(batch_size=3)', r'batch_size \(3 and 2\)'),
    ("train_dataloader = dict(dataset=dict(split='val'))", r'train_dataloader.dataset.split \(val and train\)'),
    ("test_dataloader = dict(dataset=dict(type='CityscapesDataset'))", r'test_dataloader.dataset.type \(City'),
    ("import copy\ntest_evaluator = [dict(type='FrechetInceptionDistance')]", r'differ in test_evaluator \('),
    ('train_dataloader = dict(drop_last=False)', r'train_dataloader.drop_last \(False and True\)'),
    ("load_from = 'other.pth'", r'load_from \(other.pth and None\)'),
    ('stages = [dict(train_dataloader=dict(batch_size=7)), dict()]', r'differ in train_cfg \(\[\{'),
    ('test_evaluator = optim_wrapper = None', r'c\.py has no optim_wrapper, test_evaluator, and a row of an ablation'),
    ('default_hooks = dict(checkpoint=dict(save_last=False))', r"c\.py: default_hooks.checkpoint=.* judges its last"),
    ('default_hooks = dict(checkpoint=None)', r'c\.py: default_hooks.checkpoint=None, but an ablation judges its last'),
    ('model = dict(_delete_=True, type="EncoderDecoder")', r'c\.py has no model.generator: it is no config')])
def test_unequal_conditions_are_refused(folder, text, message):
    add(folder, 'c', text)
    with pytest.raises(ValueError, match=message):
        check_conditions(read_rows(folder))


def test_the_stages_before_the_last_are_compared_too(folder):
    for name, size in (('c', 7), ('d', 8)):
        add(folder, name, f'stages = [dict(train_dataloader=dict(batch_size={size})), dict()]')
    rows = {row.name: row for row in read_rows(folder)}
    with pytest.raises(ValueError, match=r'd\.py and .*c\.py differ in train_dataloader.0.batch_size \(8 and 7\)'):
        check_conditions([rows['c'], rows['d']])


def test_what_a_method_reads_of_the_scenes_may_differ(folder):
    add(folder, 'c', 'train_dataloader = dict(num_workers=3, dataset=dict(edges=None, instances=False))')
    check_conditions(read_rows(folder))


@pytest.mark.parametrize(('text', 'error', 'message'), [
    ('model = dict(generator=dict(head=dict(edges=False)))', ValueError, 'EdgeGuidedHead: transfer=True reads'),
    ('model = dict(generator=dict(width=3))', TypeError, 'has no argument .width.'),
    ("train_dataloader = dict(dataset=dict(edges=dict(folder='nowhere')))", DataError, 'have no edge map')])
def test_a_row_that_cannot_be_built_is_named(text, error, message, folder):
    add(folder, 'c', text)
    with pytest.raises(error, match=message) as caught:
        check_rows(read_rows(folder))
    assert caught.value.__notes__ == [f'(The row is {folder}/c.py.)']


def test_a_judge_that_is_a_label_generator_is_refused(folder, tmp_path):
    """Another file, another format; the same weights."""
    with DefaultScope.overwrite_default_scope('mmseg'):
        network = MODELS.build(model_config(tiny_segmentor.config(12)))
    one, other = (tiny_segmentor.save(network, tmp_path / name, note=name) for name in ('one.pth', 'other.pth'))
    options = {'model.segmentor.checkpoint': one, 'test_evaluator.1.judge.checkpoint': other}
    with pytest.raises(ValueError, match=rf"b_full\.py: test_evaluator's frechet_judge has the very weights "
                                         rf'\({hash_weights(network)}\) of model.segmentor'):
        ablate(folder, out=tmp_path / 'out', cfg_options=options)
    assert not (tmp_path / 'out').exists()


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
    with pytest.raises(ValueError, match=r'b_full/seed_0 was begun with other settings \(train_cfg.max_iters=1, now 2'):
        run(cfg_options={'train_cfg.max_iters': 2})
    strip = np.asarray(Image.open(out / 'strip.png'))
    top = strip.shape[0] - 4 * 68  # four of the five scenes, a gap below each
    for column, colour in ((1, (10, 200, 30)), (2, (10, 200, 30))):
        assert (strip[top + 10, 4 + column * 68 + 10] == colour).all()
    assert strip.shape[1] == 4 + 4 * 68  # layout, two rows, real


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


def test_rows_of_unequal_precision_are_refused(folder):
    rows = read_rows(folder)
    rows[0].config.precision = 'bfloat16'
    with pytest.raises(ValueError, match=r'differ in precision \(float32 and bfloat16\)'):
        check_conditions(rows)


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


def test_the_batch_of_every_stage_is_shared(folder, tmp_path):
    row = read_rows(folder)[0]
    row.config.train_dataloader.batch_size = 4
    row.config.stages = [dict(train_dataloader=dict(batch_size=6)), {'train_dataloader.batch_size': 2}, dict()]
    whole = Run(row, 0, tmp_path, ranks=2).whole_config
    write_whole(tmp_path / 'whole.py', whole.pretty_text.encode())
    for config, sizes in (read_config(tmp_path / 'whole.py'), [3, 1, 2]), (row.config, [6, 2, 4]):
        assert [stage.train_dataloader.batch_size for stage in stage_configs(config)] == sizes
    alone = Run(row, 0, tmp_path).whole_config
    assert alone.stages == row.config.stages and 'gpus_per_run' not in alone.ablation
    check_batches([row], 2)
    with pytest.raises(ValueError, match=r'b_full\.py: train_dataloader\.batch_size=2, which --gpus-per-run 3 cannot '
                                         'share out evenly: take a number that divides 2, or set another batch_size'):
        check_batches([row], 3)


def test_more_gpus_than_there_are(folder, monkeypatch):
    with pytest.raises(ValueError, match=r'gpus_per_run=0: expected at least 1\.'):
        ablate(folder, gpus_per_run=0)
    monkeypatch.setattr('torch.cuda.device_count', lambda: 2)
    with pytest.raises(ValueError, match=r'gpus_per_run=3: expected at least 1, and at most 2, as many GPUs as there'):
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
    assert '| a_broken | 0 of 1 | - | - | - | - |' in text and '| full | 1 of 1 | 50 | 70.5 | 2 | 40 |' in text
    assert 'Not done yet, or failed: a_broken (seed 0).' in text
    (out / 'a_broken/seed_0/mended').touch()
    assert ablate(folder, out=out) == []
    assert len(calls(out, 'b_full')) == 1 and len(calls(out, 'a_broken')) == 2


@pytest.mark.slow
def test_one_ablation_at_a_time_in_a_folder(folder, tmp_path):
    out = tmp_path / 'out'
    with locked(out, 'ablation', 'wait'):
        with pytest.raises(ValueError, match=f'Another ablation .*is at work in {out}: wait for it, or give another'):
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
    with pytest.raises(ValueError, match='expected at least one of each, and seeds from 0 on'):
        ablate(folder, **options)


def test_time_and_progress_come_from_the_log(toycity, tmp_path):
    run = Run(Row('x', narrow(FULL, toycity, **{'train_cfg.max_iters': 100}), 'x'), 0, tmp_path)
    assert (run.seconds_per_step(), run.progress()) == (None, 0)
    entry = lambda step, seconds: json.dumps(dict(time=50, images_per_second=2 / seconds, step=step))  # batches of 2
    logs = dict(first=[entry(10, 9.0), entry(20, 1.0), '{"images_per_second": 3'],
                second=[entry(30, 2.0), '{"time": 70, "mIoU": 1}'])
    for name, lines in logs.items():
        path = tmp_path / name / 'vis_data/scalars.json'
        path.parent.mkdir(parents=True)
        path.write_text('\n'.join(lines))
    assert (run.seconds_per_step(), run.progress()) == (2.0, 0.3)


@pytest.mark.parametrize(('drop_last', 'ranks', 'steps'), [(True, 1, 6), (False, 1, 9), (True, 2, 9)])
def test_the_progress_of_epochs(drop_last, ranks, steps, toycity, tmp_path):
    """3 epochs of 5 scenes in batches of 2; of 2 ranks each has 3 scenes an epoch, in batches of 1."""
    options = {'train_cfg.max_iters': None, 'train_cfg.max_epochs': 3, 'train_dataloader.drop_last': drop_last,
               'train_dataloader.dataset.split': 'val'}
    config = narrow(FULL, toycity, **options)
    run = Run(Row('x', config, 'x'), 0, tmp_path, ranks)
    assert (run.steps, run.progress()) == (steps, 0)
    path = tmp_path / 'now/vis_data/scalars.json'
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(dict(time=1, images_per_second=1, step=3)))
    assert run.progress() == 3 / steps


def test_the_progress_of_stages(toycity, tmp_path):
    config = narrow(FULL, toycity)
    config.stages = [dict(train_cfg=dict(max_iters=30)), dict(train_cfg=dict(max_iters=10))]
    run = Run(Row('x', config, 'x'), 0, tmp_path)
    path = tmp_path / 'stage_1/now/vis_data/scalars.json'
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(dict(time=1, images_per_second=1, step=20)))
    assert run.progress() == 0.5 and run.stages[-1] == tmp_path / 'stage_2'


def test_the_tool_fails_where_a_run_failed(monkeypatch):
    monkeypatch.setattr('semsynth.studies.ablation.ablate', lambda folder, **options: ['full, seed 3'])
    monkeypatch.setattr(sys, 'argv', ['semsynth', 'ablate', 'somewhere', '--seeds', '3'])
    with pytest.raises(SystemExit, match='error: 1 run failed: full, seed 3; the same command tries them again'):
        main()


@pytest.mark.slow
@pytest.mark.parametrize('name', ['ecgan', 'ecgan_toycity', 'ecgan_camvid', 'ecgan_edges', 'ecgan_edges_toycity',
                                  'pix2pixhd', 'pix2pixhd_toycity'])
def test_the_folders_of_the_papers(name):
    rows = read_rows(ROOT / 'configs/ablations' / name)
    check_conditions(rows)
    assert all(row.title != row.name for row in rows)
    if 'ecgan' in name:
        figures = [(row.title, row.paper['mIoU'], row.paper['aAcc'], row.paper['FID']) for row in rows]
        table_3 = [('E + Gi', 58.6, 81.4, 65.7), ('+ Ge', 60.2, 81.7, 61.0), ('+ Gt', 61.5, 82.0, 59.0),
                   ('+ Gs', 64.5, 82.5, 57.1), ('+ Gl', 66.8, 82.7, 52.2), ('+ Gc', 72.2, 83.1, 44.5)]
        appendix_d = [('Canny', 64.5, 82.5, 57.1), ('HED', 64.5, 82.3, 56.7)]
        assert figures == (appendix_d if 'edges' in name else table_3)

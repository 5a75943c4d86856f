"""What a run says on the terminal, and what it leaves to its log file."""

import logging
import re
import threading

import pytest

from helpers.toy_run import toy_config
from semsynth.engine import launch


@pytest.fixture
def run(tmp_path, monkeypatch, capfd):
    """A finished run in the current folder: what it said on the terminal, and its log."""
    monkeypatch.chdir(tmp_path)
    runner = launch.build_runner(toy_config(log_level='INFO', **{'train_cfg.max_iters': 4}), work_dir='runs')
    runner.logger.warning('mind this')
    runner.train()
    return capfd.readouterr(), next(tmp_path.glob('runs/*/*.log')).read_text()


def test_the_terminal_has_a_dozen_lines_before_the_first_losses(run):
    (out, err), _ = run
    before = out.partition('Iter(train)')[0]
    lines = before.splitlines()
    assert len(lines) <= 17 and max(map(len, lines)) < 160
    facts = dict(re.findall(r'^  (\S[^:\n]*?)  +(.+)$', before, re.M))
    assert re.fullmatch(r'generator \w+ \([\d,]+ parameters\), discriminator \w+ \([\d,]+ parameters\)', facts['model'])
    assert facts['length'].startswith('4 steps, or ') and 'CPU' in facts['device']
    assert facts['log'].startswith('runs/') and '.log' in facts['log']
    assert 'runs/iter_' in facts['checkpoints'] and '--resume' in facts['to stop']
    assert 'mind this' in before and before.count('WARNING') == 1 and not err
    assert 'System environment' not in out and 'Hooks will be executed' not in out


def test_it_says_that_a_batch_is_split_and_who_sees_a_part_alone(tmp_path, capfd):
    config = toy_config(log_level='INFO', micro_batch=1, **{'train_cfg.max_iters': 1})
    launch.build_runner(config, work_dir=tmp_path).train()
    assert 'in 2 parts of 1; batch norm then see' in capfd.readouterr().out


def test_the_log_has_all_of_it(run):
    _, log = run
    for part in ('System environment', 'Config:', 'Hooks will be executed', 'mind this', 'to stop', 'Iter(train)'):
        assert part in log
    assert 'FileClient' not in log


def test_hooks_of_others_are_heard(tmp_path, capfd):
    runner = launch.build_runner(toy_config(log_level='INFO'), work_dir=tmp_path)
    runner.logger.info('a hook of mine')
    runner.logger.log(logging.INFO, 'and another one')
    assert [line.split(' - ')[-1] for line in capfd.readouterr().out.splitlines()] == [
        'a hook of mine', 'and another one']


def test_what_is_refused_leaves_no_log_and_no_thread_that_writes_one(tmp_path):
    before = threading.active_count()
    config = toy_config(**{'visualizer.vis_backends': [dict(type='TensorboardVisBackend')], 'model.generator.nois': 1})
    with pytest.raises(TypeError, match='nois'):
        launch.build_runner(config, work_dir=tmp_path / 'run')
    assert threading.active_count() == before
    assert [path for path in tmp_path.rglob('*') if path.is_dir()] == [tmp_path / 'run']


def test_what_cannot_be_judged_leaves_no_log(tmp_path):
    config = toy_config(test_cfg=dict(), test_evaluator=dict(type='SegmentationEvaluator', judge=dict(
        type='Segmentor', config='semsynth::segmentors/judge_toycity.py', checkpoint='nowhere.pth')))
    config.test_dataloader = config.val_dataloader
    runner = launch.build_runner(config, work_dir=tmp_path / 'run')
    assert list(tmp_path.rglob('*.log'))
    with pytest.raises(FileNotFoundError, match='no weight file nowhere'):
        runner.test()
    assert [path for path in tmp_path.rglob('*') if path.is_dir()] == [tmp_path / 'run']

"""What a training names at its end; at its start: test_terminal.py."""

import shlex
from pathlib import Path
from types import SimpleNamespace

import pytest
from mmengine.config import Config
from mmengine.hooks import CheckpointHook
from torch import nn
from torch.utils.data import DataLoader

from semsynth.cli import build_parser
from semsynth.engine.overview import next_commands, overview

JUDGE = dict(config='semsynth::segmentors/judge_toycity.py', checkpoint='work_dirs/judge.pth')


@pytest.fixture
def trained(toycity, tmp_path, monkeypatch):
    """A runner at the end of a training whose model has styles."""
    monkeypatch.chdir(tmp_path)
    saver, model = CheckpointHook(by_epoch=False), nn.Module()
    saver.last_ckpt = str(tmp_path / 'my runs/iter_7.pth')
    model.style_channels, model.styles = 3, None
    config = Config(dict(
        test_evaluator=[dict(type='A', judge=JUDGE), dict(type='B', judge=JUDGE)],
        test_dataloader=dict(dataset=dict(type='ToyCityDataset', data_root=str(toycity), split='val', size=(32, 64)))))
    return SimpleNamespace(hooks=[saver], model=model, cfg=config, work_dir=str(tmp_path / 'my runs'))


def test_a_segmentor_has_an_overview_too(tmp_path):
    """It has none of what only synthesizers have, such as losses by name and parts of a batch."""
    runner = SimpleNamespace(
        cfg=Config(dict(model=dict(type='mmseg.EncoderDecoder'), train_dataloader=dict(dataset=dict(), batch_size=3))),
        model=nn.Linear(2, 2), train_dataloader=DataLoader(range(7), batch_size=3), work_dir=str(tmp_path), hooks=[],
        max_iters=6, iter=0, logger=SimpleNamespace(log_file=None))
    shown = overview(runner)
    assert '7 scenes' in shown['data'] and '2.0 passes' in shown['length'] and 'micro_batch' not in shown


@pytest.mark.parametrize(('steps', 'length', 'checkpoints'), [
    (10, 'or less than one pass', 'at the end'), (100, 'or 2.0 passes', 'at the end'),
    (250, 'or 5.0 passes', 'every 100 steps')])
def test_short_trainings(tmp_path, steps, length, checkpoints):
    runner = SimpleNamespace(
        cfg=Config(dict(model=dict(), train_dataloader=dict(dataset=dict()))), model=nn.Linear(2, 2),
        train_dataloader=DataLoader(range(50)), work_dir=str(tmp_path), iter=0, max_iters=steps,
        hooks=[CheckpointHook(100, by_epoch=False)], logger=SimpleNamespace(log_file=None))
    shown = overview(runner)
    assert length in shown['length'] and shown['checkpoints'].endswith(checkpoints)


def test_commands_name_files_that_are_there_or_that_the_ones_before_make(trained):
    commands = [shlex.split(command)[1:] for command in next_commands(trained)]
    checkpoint, styles = 'my runs/iter_7.pth', ['--styles', 'my runs/styles.npz']
    layout = commands[3][2]
    assert Path(layout).is_file()
    assert commands == [
        ['encode_styles', checkpoint], ['train_segmentor', JUDGE['config']], ['test', checkpoint, *styles],
        ['synthesize', checkpoint, layout, '--out', 'synthesised', *styles], ['edit', checkpoint, layout, *styles],
        ['publish', checkpoint, '--out', 'published/my runs', *styles]]
    for command in commands:
        build_parser().parse_args(command)


def test_a_judge_that_is_there_is_not_trained_again(trained):
    Path('work_dirs').mkdir()
    Path(JUDGE['checkpoint']).touch()
    trained.model.styles = 'a bank'
    assert [shlex.split(command)[1] for command in next_commands(trained)] == [
        'test', 'synthesize', 'edit', 'publish']


def test_without_a_checkpoint_there_is_nothing_to_do(trained):
    trained.hooks[0].last_ckpt = None
    assert next_commands(trained) == []


def test_a_test_set_that_is_elsewhere_is_no_error(trained):
    trained.cfg.test_dataloader.dataset.data_root = 'nowhere'
    assert {shlex.split(command)[1] for command in next_commands(trained)}.isdisjoint(('synthesize', 'edit'))


def test_without_a_test_set_layouts_are_those_of_the_pictures(trained):
    trained.cfg.default_hooks = dict(pictures=dict(dataset=trained.cfg.test_dataloader.dataset))
    trained.cfg.test_dataloader = None
    assert {'synthesize', 'edit'} <= {shlex.split(command)[1] for command in next_commands(trained)}

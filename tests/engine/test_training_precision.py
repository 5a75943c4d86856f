"""The precision of training: one key of the config, settled once, kept by every later start."""

import logging
import re
from pathlib import Path

import pytest
import torch
from mmengine.config import Config

from helpers.toy_run import toy_config
from semsynth import devices
from semsynth.apis import train
from semsynth.completion import saved_precision, set_precision
from semsynth.engine import launch
from semsynth.engine.optim import Bf16OptimWrapper, PlayerOptimWrapper
from semsynth.weights import load_checkpoint

SHORT = {'train_cfg.max_iters': 2, 'val_evaluator': None, 'precision': 'auto'}
ADAM = dict(optimizer=dict(type='Adam', lr=0.1))


@pytest.fixture(autouse=True)
def processor(monkeypatch):
    """Says whether the processor has units for bfloat16; it has at first."""
    def has_units(answer):
        monkeypatch.setattr(devices, 'has_bfloat16_units', lambda: answer)

    monkeypatch.setattr(launch, 'get_device', lambda: 'cpu')
    has_units(True)
    return has_units


def wrappers(runner):
    """The types of both players' wrappers, once training has built them."""
    return {type(wrapper) for wrapper in runner.optim_wrapper.values()}


def test_auto_is_settled_and_saved(tmp_path):
    runner = train(toy_config(**SHORT), work_dir=tmp_path)
    assert wrappers(runner) == {Bf16OptimWrapper} and runner.cfg.precision == 'bfloat16'
    assert all(parameter.dtype == torch.float32 for parameter in runner.model.parameters())
    assert saved_precision(tmp_path / 'iter_2.pth') == 'bfloat16'
    [dumped] = tmp_path.glob('*.py')
    assert Config.fromfile(dumped).precision == 'bfloat16'


def test_without_units_auto_is_float32(tmp_path, processor):
    processor(False)
    runner = train(toy_config(**SHORT), work_dir=tmp_path)
    assert wrappers(runner) == {PlayerOptimWrapper} and saved_precision(tmp_path / 'iter_2.pth') == 'float32'


@pytest.mark.parametrize(('asked', 'wrapper'), [('float32', PlayerOptimWrapper), ('bfloat16', Bf16OptimWrapper)])
def test_the_option_comes_before_the_config(tmp_path, asked, wrapper):
    other = dict(SHORT, precision='float32' if asked == 'bfloat16' else 'bfloat16')
    runner = train(toy_config(**other), work_dir=tmp_path, precision=asked)
    assert wrappers(runner) == {wrapper} and runner.cfg.precision == asked


@pytest.mark.parametrize(('begun', 'later'), [(True, False), (False, True)])
def test_resuming_keeps_it_on_another_processor(tmp_path, processor, caplog, begun, later):
    processor(begun)
    first = train(toy_config(**SHORT), work_dir=tmp_path)
    processor(later)
    config = toy_config(**SHORT | {'train_cfg.max_iters': 3, 'log_level': 'WARNING'})
    resumed = launch.build_runner(config, work_dir=tmp_path, resume=True)
    resumed.optim_wrapper = resumed.build_optim_wrapper(resumed.optim_wrapper)
    assert wrappers(resumed) == wrappers(first) and resumed.cfg.precision == first.cfg.precision


def test_resuming_in_another_precision_is_refused(tmp_path):
    train(toy_config(**SHORT), work_dir=tmp_path)
    with pytest.raises(ValueError, match='precision'):
        train(toy_config(**SHORT), work_dir=tmp_path, resume=True, precision='float32')


def test_bfloat16_without_units_is_warned_of_once(tmp_path, processor, monkeypatch):
    processor(False)
    told = []
    monkeypatch.setattr(logging.Logger, 'warning', lambda logger, message, *rest, **options: told.append(message))
    launch.build_runner(toy_config(**SHORT), work_dir=tmp_path / 'a')
    launch.build_runner(toy_config(**SHORT), work_dir=tmp_path / 'b', precision='float32')
    assert devices.SLOW not in told
    launch.build_runner(toy_config(**SHORT), work_dir=tmp_path / 'c', precision='bfloat16')
    assert told.count(devices.SLOW) == 1


def test_an_unknown_one_is_refused_before_anything_is_written(tmp_path):
    with pytest.raises(ValueError, match="precision='half', expected 'auto', 'float32' or 'bfloat16'"):
        train(toy_config(**SHORT, work_dir=str(tmp_path)), precision='half')
    with pytest.raises(ValueError, match="precision='half'"):
        train(toy_config(**SHORT | dict(precision='half', work_dir=str(tmp_path))))
    assert not list(tmp_path.iterdir())


def test_a_config_that_names_the_wrapper_as_older_ones_do(tmp_path):
    named = toy_config(**SHORT | {'optim_wrapper.generator.type': 'Bf16OptimWrapper',
                                  'optim_wrapper.discriminator.type': 'Bf16OptimWrapper'})
    named.pop('precision')
    assert launch.build_runner(named, work_dir=tmp_path / 'a').cfg.precision == 'bfloat16'
    runner = launch.build_runner(named, work_dir=tmp_path / 'b', precision='float32')
    assert runner.cfg.precision == 'float32'
    players = [runner.cfg.optim_wrapper[player].type for player in ('generator', 'discriminator')]
    assert players == ['PlayerOptimWrapper'] * 2


@pytest.mark.parametrize(('text', 'expected'), [
    ("lr = 1\nprecision = 'bfloat16'\n", 'bfloat16'), ("precision='bfloat16'\nlr=1", 'bfloat16'),
    ("precision = 'float32'\nx = 'Bf16OptimWrapper'", 'float32'),
    ("optim_wrapper = dict(type='Bf16OptimWrapper')", 'bfloat16'), ('optim_wrapper = dict(clip_grad=None)', 'float32')])
def test_what_a_checkpoint_says(tmp_path, text, expected):
    torch.save(dict(meta=dict(cfg=text)), tmp_path / 'iter_1.pth')
    assert saved_precision(tmp_path / 'iter_1.pth') == expected


def test_an_older_run_in_bfloat16_goes_on_in_it(tmp_path, processor):
    """Its config had no precision, and the wrappers' names in it."""
    train(toy_config(**SHORT), work_dir=tmp_path)
    checkpoint = load_checkpoint(tmp_path / 'iter_2.pth')
    checkpoint['meta']['cfg'] = re.sub(r"^precision.*\n", '', checkpoint['meta']['cfg'], flags=re.M)
    torch.save(checkpoint, tmp_path / 'iter_2.pth')
    processor(False)
    runner = train(toy_config(**SHORT | {'train_cfg.max_iters': 3}), work_dir=tmp_path, resume=True)
    assert wrappers(runner) == {Bf16OptimWrapper} and runner.iter == 3


@pytest.mark.parametrize(('given', 'expected'), [
    (ADAM, 'Bf16OptimWrapper'), (dict(ADAM, type='OptimWrapper'), 'Bf16OptimWrapper'),
    (dict(ADAM, type='AmpOptimWrapper'), 'AmpOptimWrapper')])
def test_one_optimiser_or_one_for_each_player(given, expected):
    one, players = dict(given), dict(constructor='C', generator=dict(given), discriminator=None)
    for wrapper in (one, players):
        set_precision(wrapper, 'bfloat16')
    assert one['type'] == players['generator']['type'] == expected
    set_precision(None, 'bfloat16')


def test_every_config_says_auto():
    for path in Path(launch.__file__).parents[2].glob('configs/_base_/*_runtime.py'):
        assert Config.fromfile(path).precision == 'auto'

import json
import os
import shutil
import signal

import pytest
import torch
from mmengine.config import Config
from mmengine.hooks import Hook

from helpers.facts import facts
from helpers.grown import LOCAL, grown_config, moments, stage, stages, trained_weights
from helpers.ranks import run_ranks
from helpers.toy_run import assert_equal
from semsynth.apis import train
from semsynth.apis.building import build_for_inference
from semsynth.config import load_config, read_config, stage_config, stage_configs
from semsynth.registry import HOOKS

KILLED = -signal.SIGKILL
LAST = 'stage_3/iter_6.pth'


@HOOKS.register_module(force=True)
class KillAtEndHook(Hook):
    """Dies when all is trained and saved, before that is written down."""

    priority = 'LOWEST'

    def after_run(self, runner):
        os.kill(os.getpid(), signal.SIGKILL)


def run(work_dir, ranks=1, resume=False, kill=None, **changes):
    """Train in processes of their own; ``kill`` is the number of a stage, and how it is killed."""
    parts = stages()
    if kill:
        number, hook = kill
        parts[number - 1]['default_hooks'] = dict(kill=hook)
    return run_ranks(_train, ranks, work_dir, resume, 'pytorch' if ranks > 1 else 'none',
                     {'stages': parts, **changes})


def _train(work_dir, resume, launcher, changes):
    train(grown_config(**changes), work_dir=work_dir, resume=resume, launcher=launcher)


def at(iteration, moment='iteration'):
    return dict(type='KillHook', iteration=iteration, moment=moment)


@pytest.fixture(scope='module')
def whole(tmp_path_factory):
    """Three stages that nothing interrupts."""
    work_dir = tmp_path_factory.mktemp('whole')
    assert run(work_dir) == [0]
    return work_dir


def test_a_stage_s_config_is_the_rest_with_its_overrides():
    base = Config(dict(log_processor=dict(b=1, c=2), model=dict(x=dict(type='X', y=1)), stages=[
        dict(log_processor=dict(b=5)), dict(model=dict(x=dict(_delete_=True, type='Z')), log_processor=dict(c=None))]))
    first, second = stage_configs(base)
    assert first.to_dict() == stage_config(base, 1).to_dict() and 'stages' not in first
    assert (first.log_processor, first.model.x) == (dict(b=5, c=2), dict(type='X', y=1))
    assert (second.log_processor, second.model.x) == (dict(b=1, c=None), dict(type='Z'))
    assert base.stages[1].model.x == dict(_delete_=True, type='Z')
    assert [config.to_dict() for config in stage_configs(second)] == [second.to_dict()]
    assert load_config(base).model == second.model
    assert load_config(base, {'stages.1.log_processor.b': 7}).log_processor.b == 7
    assert first.experiment_name != second.experiment_name


def test_the_root_of_the_data_moves_in_every_stage():
    base = Config(dict(data_root='old', test_dataloader=dict(data_root='old'), stages=[
        dict(), dict(test_dataloader=dict(data_root='old', size=2))]))
    moved = stage_configs(read_config(base, dict(data_root='new')))
    assert [config.test_dataloader.data_root for config in moved] == ['new', 'new']


def test_options_of_one_stage_leave_its_keys_with_dots():
    base = Config(dict(test_dataloader=dict(size=1, transforms=[dict(scale=8)]), stages=[
        {'test_dataloader.transforms.0.scale': 4}, dict()]))
    config = read_config(base, {'stages.0.test_dataloader.size': 3,
                                  'stages.1.test_dataloader.transforms.0.scale': 6})
    assert [stage.test_dataloader for stage in stage_configs(config)] == [
        dict(size=3, transforms=[dict(scale=4)]), dict(size=1, transforms=[dict(scale=6)])]


def test_wrong_stages():
    with pytest.raises(ValueError, match=r'There is no stage 4: the config has 3 stages, counted from 1\.'):
        stage_config(grown_config(), 4)
    with pytest.raises(ValueError, match=r"stages=\{'a': 1\}: write a list of dicts"):
        stage_configs(Config(dict(stages=dict(a=1))))


def test_mistakes_in_any_stage_are_found_before_the_first(tmp_path):
    bad = [*stages()[:2], stage(6, 0.03, LOCAL, 2, frozen=['generator.nothing'])]
    with pytest.raises(ValueError, match=r"frozen: 'generator.nothing' is no part of the model"):
        train(grown_config(stages=bad), work_dir=tmp_path)
    none = [dict(default_hooks=dict(checkpoint=None)), *stages()[1:]]
    with pytest.raises(ValueError, match=facts('Stage 1', 'default_hooks.checkpoint=None')):
        train(grown_config(stages=none), work_dir=tmp_path)
    frozen = [*stages()[:2], stage(6, 0.03, LOCAL, 2, frozen=['generator'])]
    with pytest.raises(ValueError, match='every parameter of the generator is frozen'):
        train(grown_config(stages=frozen), work_dir=tmp_path)
    uneven = [*stages()[:2], dict(stages()[2], micro_batch=3)]
    with pytest.raises(ValueError, match='micro_batch=3 does not divide batch_size=2'):
        train(grown_config(stages=uneven), work_dir=tmp_path)
    with pytest.raises(ValueError, match=r"Stage 1: default_hooks\.checkpoint=\{.*'save_last': False"):
        train(grown_config(**{'default_hooks.checkpoint.save_last': False}), work_dir=tmp_path)
    assert not list(tmp_path.iterdir())


def test_what_trains_and_what_does_not(whole):
    first, second, third = (trained_weights(whole / f'stage_{number}/iter_{iterations}.pth')
                            for number, iterations in enumerate((4, 5, 6), 1))
    weights = [name for name in first if name.startswith('generator.global_network.')]
    assert all(torch.equal(first[name], second[name]) for name in weights)
    assert not any(torch.equal(second[name], third[name]) for name in weights if name.endswith('weight'))
    for part in ('generator.enhancers.', 'discriminator.scales.1.'):  # new, the finest scale last
        new = [name for name in second if name.startswith(part) and name.endswith('weight')]
        assert new and not any(name in first or torch.equal(second[name], third[name]) for name in new)
    coarse = [name for name in first if name.startswith('discriminator.')]
    assert {name.split('.')[2] for name in coarse} == {'0'} and set(coarse) < set(second)
    # 4 + 5 + 6 updates: moments go on; the frozen network's wait through the second stage
    known = moments(whole / LAST)
    assert {known[name]['step'].item() for name in coarse} == {15}
    assert {known[name]['step'].item() for name in weights} == {10}
    assert {value['step'].item() for name, value in known.items() if '.enhancers.' in name} == {11}


def test_learning_rates_are_each_stage_s_own(whole):
    for number, iterations in enumerate((4, 5, 6), 1):
        groups = {player: saved['param_groups'][0] for player, saved in torch.load(
            whole / f'stage_{number}/iter_{iterations}.pth', weights_only=False)['optimizer'].items()}
        for player, initial in dict(generator=0.01 * number, discriminator=0.02 * number).items():
            assert groups[player]['initial_lr'] == pytest.approx(initial)
        [scalars] = (whole / f'stage_{number}').glob('*/vis_data/scalars.json')
        logged = [json.loads(line)['generator.lr'] for line in scalars.read_text().splitlines()]
        assert max(logged) == pytest.approx(0.01 * number) and logged[-1] < max(logged)


def test_a_checkpoint_fits_the_config_beside_it(whole):
    for number, kind in enumerate(['GlobalGenerator', 'LocalEnhancer', 'LocalEnhancer'], 1):
        iterations = number + 3
        folder = whole / f'stage_{number}'
        [path] = folder.glob('*.py')
        config = Config.fromfile(path)
        assert 'stages' not in config and config.model.generator.type == kind
        assert config.get('carry_from') == (
            str(whole / f'stage_{number - 1}/iter_{iterations - 1}.pth') if number > 1 else None)
        build_for_inference(config, folder / f'iter_{iterations}.pth')
    build_for_inference(load_config(grown_config()), whole / LAST)


@pytest.mark.slow
@pytest.mark.parametrize('kill', [
    (1, at(3)), (1, dict(type='KillAtEndHook')), (2, at(0)), (2, at(4, 'save')), (3, at(5))],
    ids=['in the first', 'after the first', 'before the second', 'in the second', 'in the third'])
def test_resuming_in_and_between_stages_is_exact(whole, tmp_path, kill):
    assert run(tmp_path, kill=kill) == [KILLED]
    assert not (tmp_path / LAST).exists()
    finished = [tmp_path / f'stage_{number}' for number in range(1, kill[0])]
    before = _written(finished)
    assert run(tmp_path, resume=True) == [0]
    assert_equal(whole / LAST, tmp_path / LAST)
    assert _written(finished) == before
    assert run(tmp_path, resume=True) == [0]  # all is done: nothing happens
    assert_equal(whole / LAST, tmp_path / LAST)


def _written(folders):
    return {path: path.stat().st_mtime_ns for folder in folders for path in folder.rglob('*')}


@pytest.mark.slow
def test_without_resume_everything_starts_anew(whole, tmp_path):
    """What an earlier run left is not resumed when this one is cut off."""
    work_dir = tmp_path / 'run'
    assert run(work_dir, **{'randomness.seed': 1}) == [0]
    before = {path.relative_to(work_dir): path.read_bytes() for path in work_dir.rglob('iter_*.pth')}
    assert run(work_dir, kill=(2, at(0))) == [KILLED]
    [aside] = tmp_path.glob('run_before_*')
    assert before and {path.relative_to(aside): path.read_bytes() for path in aside.rglob('iter_*.pth')} == before
    assert run(work_dir, resume=True) == [0]
    assert_equal(whole / LAST, work_dir / LAST)


@pytest.mark.slow
def test_settings_of_a_finished_stage(whole, tmp_path, capsys):
    shutil.copytree(whole, tmp_path, dirs_exist_ok=True)
    longer = [dict(stages()[0], train_cfg=dict(max_iters=8)), *stages()[1:]]
    train(grown_config(stages=longer), work_dir=tmp_path, resume=True)
    assert 'Stage 1 is finished: train_cfg.max_iters: 4 -> 8 has no effect on it.' in capsys.readouterr().err
    assert_equal(whole / LAST, tmp_path / LAST)
    other = [dict(stages()[0], train_dataloader=dict(batch_size=1)), *stages()[1:]]
    with pytest.raises(ValueError, match=facts('stage_1', 'batch size', 'batch_size=1')):
        train(grown_config(stages=other), work_dir=tmp_path, resume=True)


@pytest.mark.slow
def test_a_stage_that_starts_again_sets_later_ones_aside(whole, tmp_path):
    assert run(tmp_path, **{'randomness.seed': 1}) == [0]
    shutil.rmtree(tmp_path / 'stage_1')
    assert run(tmp_path, resume=True) == [0]
    assert len(list(tmp_path.glob('stage_2_before_*'))) == len(list(tmp_path.glob('stage_3_before_*'))) == 1
    assert_equal(whole / LAST, tmp_path / LAST)


@pytest.mark.slow
def test_two_ranks(tmp_path):
    cut, whole = tmp_path / 'cut', tmp_path / 'whole'
    assert run(whole, ranks=2) == [0, 0]
    assert run(cut, ranks=2, kill=(2, at(3))) == [KILLED, KILLED]
    assert run(cut, ranks=2, resume=True) == [0, 0]
    assert_equal(whole / LAST, cut / LAST)
    known = moments(cut / LAST)  # the frozen network's wait through the second stage, as on one rank
    assert {value['step'].item() for name, value in known.items() if '.global_network.' in name} == {10}


@pytest.mark.slow
def test_two_ranks_are_one_with_twice_the_batch(tmp_path):
    sgd = {f'optim_wrapper.{player}.optimizer': dict(_delete_=True, type='SGD', lr=0.1)
           for player in ('generator', 'discriminator')}
    changes = {**sgd, 'default_hooks.ema': None}
    assert run(tmp_path / 'two', ranks=2, **changes) == [0, 0]
    assert run(tmp_path / 'one', **changes, **{'train_dataloader.batch_size': 4}) == [0]
    path = 'stage_2/iter_5.pth'
    assert_equal(tmp_path / 'two' / path, tmp_path / 'one' / path, rtol=1e-4, atol=1e-5)


def test_a_staged_run_can_start_from_a_trained_checkpoint(whole, tmp_path):
    """With the first stage left out: carry_from is the first one's that is left."""
    changes = dict(stages=stages()[1:], carry_from=str(whole / 'stage_1/iter_4.pth'))
    assert run_ranks(_train, 1, tmp_path, False, 'none', changes) == [0]
    assert_equal(whole / LAST, tmp_path / 'stage_2/iter_6.pth')

import copy

import pytest
import torch
from mmengine.hooks import Hook

from helpers.facts import facts
from helpers.grown import GLOBAL, LOCAL, grown_config, moments, stage, trained_weights
from semsynth.apis import train
from semsynth.config import stage_config
from semsynth.engine.ema import GeneratorEMAHook
from semsynth.registry import HOOKS


@HOOKS.register_module(force=True)
class StartHook(Hook):
    """Keeps what training starts from."""

    priority = 'LOWEST'

    def before_train(self, runner):
        [average] = [hook for hook in runner.hooks if isinstance(hook, GeneratorEMAHook)]
        self.weights = copy.deepcopy(runner.model.state_dict())
        self.average = copy.deepcopy(average.ema_model.module.state_dict())
        self.moments, self.lr = {}, {}
        for player, wrapper in runner.optim_wrapper.items():
            [group] = wrapper.optimizer.param_groups
            self.lr[player] = group['lr']
            for name, parameter in zip(group['param_names'], group['params'], strict=True):
                if parameter in wrapper.optimizer.state:
                    self.moments[name] = copy.deepcopy(wrapper.optimizer.state[parameter])


@pytest.fixture(scope='module')
def small(tmp_path_factory):
    """The checkpoint of a global generator."""
    folder = tmp_path_factory.mktemp('small')
    train(stage_config(grown_config(), 1), work_dir=folder)
    return folder / 'iter_4.pth'


def start(work_dir, carry_from, *, lr=0.05, generator=LOCAL, scales=2, **changes):
    """Train a larger model for a step; its start, and its log."""
    changes = {'default_hooks.start': dict(type='StartHook'), 'carry_from': str(carry_from), 'log_level': 'INFO',
               'stages': [stage(1, lr, generator, scales)], **changes}
    runner = train(stage_config(grown_config(**changes), 1), work_dir=work_dir)
    log = next(work_dir.glob('*/*.log')).read_text()
    return next(hook for hook in runner.hooks if isinstance(hook, StartHook)), log


def test_weights_and_moments_go_by_name_and_the_rest_starts_fresh(small, tmp_path):
    grown, log = start(tmp_path, small)
    weights, known = trained_weights(small), moments(small)
    averaged = torch.load(small, weights_only=False)['state_dict']
    # the finest scale of the discriminator is the new one; the head is narrower
    carried = {name for name in weights if name.startswith(('generator.global_network.', 'discriminator.scales.0.'))}
    head = set(weights) - carried
    assert all(name.startswith('generator.head.') for name in head)
    for name in carried:
        assert torch.equal(grown.weights[name], weights[name])
    assert not all(torch.equal(weights[name], averaged[name]) for name in carried)
    for name, value in grown.average.items():  # starts as a copy
        assert torch.equal(value, grown.weights[name])
    assert set(grown.moments) - carried == {name for name in head if name.endswith('.bias')}
    for name, moment in grown.moments.items():
        assert moment.keys() == known[name].keys() == {'step', 'exp_avg', 'exp_avg_sq'}
        assert moment['step'] == 4
        for key, value in moment.items():
            assert torch.equal(value, known[name][key])
    assert grown.lr == dict(generator=0.05, discriminator=0.1)
    fresh = [name for name in grown.weights if name.startswith(('generator.enhancers.', 'discriminator.scales.1.'))]
    total = len(carried) + 1
    assert f'Carried over from {small}: {total} of {len(grown.weights)} weights, and the moments of {total} ' in log
    assert fresh and f'{len(fresh)} weights of the model not in the file ({fresh[0]}, {fresh[1]}' in log
    assert 'of another shape (generator.head.' in log


def test_shrinking_is_told_and_possible(tmp_path):
    train(stage_config(grown_config(), 3), work_dir=tmp_path / 'large')
    _, log = start(tmp_path / 'small', tmp_path / 'large/iter_6.pth', generator=GLOBAL, scales=1)
    assert 'of the file not in the model (generator.enhancers.0.front.0.0.weight' in log


@pytest.mark.parametrize('reason', ['kind', 'names', 'absent'])
def test_moments_that_cannot_be_known_start_fresh(small, tmp_path, reason):
    saved, changes = torch.load(small, weights_only=False), {}
    if reason == 'kind':
        changes = {'optim_wrapper.generator.optimizer': dict(_delete_=True, type='SGD', lr=0.1),
                   'optim_wrapper.discriminator.optimizer': dict(_delete_=True, type='SGD', lr=0.1)}
    elif reason == 'names':  # as older versions wrote them
        for player in saved['optimizer'].values():
            del player['param_groups'][0]['param_names']
    else:
        del saved['optimizer']
    torch.save(saved, tmp_path / 'other.pth')
    grown, log = start(tmp_path, tmp_path / 'other.pth', **changes)
    assert grown.moments == {} and 'the moments of 0 parameters' in log
    name = 'generator.global_network.0.0.weight'
    assert torch.equal(grown.weights[name], trained_weights(small)[name])


def test_checkpoints_without_names_are_resumed(small, tmp_path):
    saved = torch.load(small, weights_only=False)
    for player in saved['optimizer'].values():
        del player['param_groups'][0]['param_names']
    torch.save(saved, tmp_path / 'iter_4.pth')
    config = stage_config(grown_config(stages=[stage(6, 0.01, GLOBAL)]), 1)
    runner = train(config, work_dir=tmp_path, resume=True)
    assert runner.iter == 6
    assert moments(tmp_path / 'iter_6.pth')['generator.global_network.0.0.weight']['step'] == 6


def test_a_resumed_run_carries_nothing(small, tmp_path):
    start(tmp_path, small)
    config = stage_config(grown_config(stages=[stage(2, 0.05, LOCAL, 2)], carry_from='gone.pth'), 1)
    assert train(config, work_dir=tmp_path, resume=True).iter == 2


def test_errors(small, tmp_path):
    with pytest.raises(FileNotFoundError, match=r'There is no checkpoint nowhere\.pth'):
        start(tmp_path, 'nowhere.pth')
    torch.save(dict(state_dict=dict(other=torch.ones(2))), tmp_path / 'other.pth')
    with pytest.raises(ValueError, match=facts('carry_from', 'other.pth', 'not in the file (generator')):
        start(tmp_path, tmp_path / 'other.pth')
    with pytest.raises(ValueError, match='carry_from and load_from are both set'):
        start(tmp_path, small, load_from=str(small))

import copy
from itertools import chain
from types import SimpleNamespace

import pytest
import torch
from mmengine.model import MomentumAnnealingEMA
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode

from helpers.facts import facts
from helpers.stubs import batch, config, players
from semsynth.engine.ema import Average, GeneratorEMAHook
from semsynth.registry import MODELS


def start(momentum=0.25, **changes):
    torch.manual_seed(1)
    model = MODELS.build(config(**changes))
    runner = SimpleNamespace(model=model, iter=0, _resume=False)
    hook = GeneratorEMAHook(momentum=momentum)
    hook.before_run(runner)
    return hook, runner


def steps(hook, runner, count):
    """Train, and average by hand."""
    optimiser, average = players(runner.model), None
    for step in range(count):
        runner.model.train_step(batch(), optimiser)
        hook.after_train_iter(runner, runner.iter)
        runner.iter += 1
        new = {name: p.detach().clone() for name, p in runner.model.generator.named_parameters()}
        m = max(0.25, 10 / (10 + step))
        average = new if average is None else {name: (1 - m) * average[name] + m * new[name] for name in new}
    return average


def test_numbers():
    hook, runner = start()
    average = steps(hook, runner, 35)  # m falls for 30 steps
    trained = copy.deepcopy(runner.model.state_dict())
    with hook.averaged():
        for name, parameter in runner.model.generator.named_parameters():
            torch.testing.assert_close(parameter.detach(), average[name])
    for name, value in runner.model.state_dict().items():
        assert torch.equal(value, trained[name])


def test_checkpoint_holds_the_average_and_gives_both_back():
    hook, runner = start()
    average = steps(hook, runner, 3)
    trained = copy.deepcopy(runner.model.state_dict())
    checkpoint = dict(state_dict=runner.model.state_dict())
    hook.before_save_checkpoint(runner, checkpoint)
    for name, value in average.items():
        torch.testing.assert_close(checkpoint['state_dict'][f'generator.{name}'], value)
        assert torch.equal(checkpoint['ema_state_dict'][f'module.generator.{name}'], trained[f'generator.{name}'])
    discriminator = [name for name in trained if name.startswith('discriminator.')]
    assert discriminator and all(torch.equal(checkpoint['state_dict'][name], trained[name]) for name in discriminator)
    assert not any('discriminator' in name for name in checkpoint['ema_state_dict'])

    saved = copy.deepcopy(checkpoint)
    again, other = start()
    other._resume = True
    again.after_load_checkpoint(other, saved)
    other.model.load_state_dict(saved['state_dict'])
    assert all(torch.equal(value, trained[name]) for name, value in other.model.state_dict().items())
    for name, value in again.ema_model.state_dict().items():
        assert torch.equal(value, hook.ema_model.state_dict()[name])


def test_an_average_that_is_not_finite_is_not_saved(tmp_path):
    """Though the weights being trained are."""
    hook, runner = start()
    runner.work_dir = tmp_path
    steps(hook, runner, 1)
    with torch.no_grad():
        hook.ema_model.module['generator'].layer.bias[0] = float('nan')
    with pytest.raises(FloatingPointError, match=facts(
            'Iteration 2', 'generator.layer.bias', 'not finite', 'no earlier checkpoint')):
        hook.before_save_checkpoint(runner, dict(state_dict=runner.model.state_dict()))


def test_weights_trained_without_an_average_are_its_first_value():
    hook, runner = start()
    state = {name: torch.rand_like(value) for name, value in runner.model.state_dict().items()}
    hook.after_load_checkpoint(runner, dict(state_dict=state))
    for name, value in hook.ema_model.module.state_dict().items():
        assert torch.equal(value, state[name])


def test_the_encoder_is_averaged_too():
    hook, runner = start()
    runner.model.encoder = nn.Linear(2, 2)
    hook.before_run(runner)
    assert {name.split('.')[0] for name, _ in hook.ema_model.module.named_parameters()} == {'generator', 'encoder'}


def test_operations_do_not_grow_with_the_weights():
    """Values are those of mmengine's own, to the last bit."""
    network = nn.Sequential(*(nn.Sequential(nn.Conv2d(4, 4, 3), nn.BatchNorm2d(4)) for _ in range(5)))
    ours, theirs = (kind(network, momentum=0.1, gamma=1) for kind in (Average, MomentumAnnealingEMA))
    for _ in range(4):
        with torch.no_grad():
            for value in chain(network.parameters(), network.buffers()):
                value += 1 if value.dtype == torch.long else torch.randn_like(value)
        theirs.update_parameters(network)
        with Operations() as seen:
            ours.update_parameters(network)
        first = 'lerp' if ours.steps > 1 else 'copy'
        assert seen.names[:3] == [f'_foreach_{name}_' for name in (first, 'copy', 'copy')]
        assert len(seen.names) < 9, seen.names  # and the count
    assert ours.state_dict().keys() == theirs.state_dict().keys()
    for name, value in theirs.state_dict().items():
        assert torch.equal(ours.state_dict()[name], value), name


class Operations(TorchDispatchMode):
    """Notes what is dispatched to torch, beside what compares and reads the count of steps."""

    def __enter__(self):
        self.names = []
        return super().__enter__()

    def __torch_dispatch__(self, operation, types, args=(), kwargs=None):
        if operation.overloadpacket.__name__ not in ('eq', 'is_nonzero', '_local_scalar_dense'):
            self.names.append(operation.overloadpacket.__name__)
        return operation(*args, **(kwargs or {}))

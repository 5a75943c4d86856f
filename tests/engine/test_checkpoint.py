import os
from types import SimpleNamespace

import pytest
import torch
from mmengine.config import Config
from mmengine.runner import load_checkpoint

from helpers.facts import facts
from helpers.stubs import config
from helpers.toy_run import run, toy_config
from semsynth import weights
from semsynth.apis import train
from semsynth.engine import launch
from semsynth.engine.checkpoint import AtomicBackend, StrictCheckpointHook
from semsynth.engine.wrapping import bare_names
from semsynth.registry import MODELS


class Attack:
    def __reduce__(self):
        return os.mkdir, ('attacked',)


def test_unsafe_pickle_is_refused(tmp_path, monkeypatch):
    """mmengine alone would warn and run it."""
    monkeypatch.chdir(tmp_path)
    torch.save(dict(state_dict=Attack()), 'bad.pth')
    with pytest.raises(ValueError, match=r'bad\.pth is no checkpoint of tensors and plain values'):
        load_checkpoint(torch.nn.Linear(1, 1), 'bad.pth')
    assert not os.path.exists('attacked')  # noqa: PTH110


def test_a_write_that_fails_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / 'new' / 'iter_4.pth'
    AtomicBackend().put(b'old', path)

    def fail(descriptor):
        raise OSError('No space left on device')

    monkeypatch.setattr(os, 'fsync', fail)
    with pytest.raises(OSError, match='No space'):
        AtomicBackend().put(b'new', path)
    assert path.read_bytes() == b'old'
    monkeypatch.undo()
    AtomicBackend().put(b'new', path)
    assert [file.name for file in path.parent.iterdir()] == ['iter_4.pth']
    assert path.read_bytes() == b'new'


def hook_of(model, **attributes):
    runner = SimpleNamespace(model=model, iter=6, _load_from='some.pth', _resume=False, **attributes)
    return StrictCheckpointHook(), runner


def test_what_does_not_fit_is_listed():
    model = MODELS.build(config())
    hook, runner = hook_of(model)
    state = model.state_dict()
    hook.after_load_checkpoint(runner, dict(state_dict=state))
    hook.after_load_checkpoint(runner, state)

    del state['generator.layer.bias']
    state['generator.old.bias'] = torch.ones(1)
    state['discriminator.last.bias'] = torch.ones(5)
    with pytest.raises(ValueError, match=r'some\.pth does not fit') as caught:
        hook.after_load_checkpoint(runner, dict(state_dict=state))
    message = str(caught.value)
    assert '1 weight of the model not in the file (generator.layer.bias)' in message
    assert '1 weight of the file not in the model (generator.old.bias)' in message
    assert '1 weight of another shape (discriminator.last.bias (5,) instead of (1,))' in message
    assert '\n' not in message and 'carry_from' in message


def test_another_kind_of_network():
    """Without the list of all names."""
    hook, runner = hook_of(MODELS.build(config()))
    official = {'model.1.weight': torch.ones(3), 'model.1.bias': torch.ones(3)}
    with pytest.raises(ValueError, match=facts('some.pth', 'model.1.weight and 1 more', 'semsynth convert_checkpoint')):
        hook.after_load_checkpoint(runner, official)
    other = torch.nn.Linear(1, 1, bias=False)
    with pytest.raises(ValueError, match=r'it has model\.1\.weight and 1 more, where the model has weight\.$'):
        StrictCheckpointHook().after_load_checkpoint(SimpleNamespace(
            model=other, _load_from='some.pth', _resume=False), official)


def test_long_lists_are_cut():
    hook, runner = hook_of(MODELS.build(config()))
    with pytest.raises(ValueError, match=r'25 weights of the file not in the model \(name_0, .*name_4 and 20 more\)'):
        hook.after_load_checkpoint(runner, dict(runner.model.state_dict(), **{f'name_{i}': torch.ones(1)
                                                                              for i in range(25)}))


def test_weights_that_are_not_finite_are_not_saved(tmp_path):
    model = MODELS.build(config())
    hook, runner = hook_of(model, work_dir=tmp_path)
    with torch.no_grad():
        model.generator.layer.bias[0] = float('nan')
    with pytest.raises(FloatingPointError, match=r'Iteration 7: the weights generator.layer.bias are not finite'):
        hook.before_save_checkpoint(runner, dict(state_dict=model.state_dict()))


def test_moments_that_are_not_finite_are_not_saved(tmp_path):
    """A gradient's square may overflow where weight and loss do not: that weight would never change again."""
    model = MODELS.build(config())
    hook, runner = hook_of(model, work_dir=tmp_path)
    optimiser = torch.optim.Adam(list(model.generator.named_parameters()), lr=1e-3)
    for parameter in model.generator.parameters():
        parameter.grad = torch.full_like(parameter, 1e30)
    optimiser.step()
    state = dict(state_dict=model.state_dict(), optimizer=dict(generator=optimiser.state_dict()))
    with pytest.raises(FloatingPointError, match=r"Iteration 7: the generator's moments head\.coarse\.weight "
                                                 r'\(exp_avg_sq\) are not finite, so nothing is saved; there is no '):
        hook.before_save_checkpoint(runner, state)


@pytest.mark.parametrize('broken', ['state_dict', 'ema_state_dict'])
def test_what_is_not_finite_is_not_resumed(broken):
    model = MODELS.build(config())
    hook, runner = hook_of(model)
    runner._resume = True
    stored = dict(state_dict=model.state_dict(), ema_state_dict={'module.x': torch.ones(2)}, optimizer={},
                  message_hub={}, meta=dict(iter=1, epoch=0))
    hook.after_load_checkpoint(runner, stored)
    name, value = list(stored[broken].items())[-1]
    stored[broken][name] = torch.full_like(value, float('inf'))
    with pytest.raises(ValueError, match=f'some.pth holds weights that are not finite, first of all {name}'):
        hook.after_load_checkpoint(runner, stored)


def test_bare_names_leaves_a_plain_model_alone():
    model = torch.nn.ModuleDict(dict(generator=torch.nn.ModuleDict(dict(module=torch.nn.Linear(1, 1)))))
    assert list(bare_names(model.state_dict(), model)) == ['generator.module.weight', 'generator.module.bias']


def test_a_checkpoint_carries_its_config_and_is_plain_data(tmp_path):
    assert run(tmp_path, **{'train_cfg.max_iters': 2, 'default_hooks.checkpoint.interval': 1}) == [0]
    checkpoint = launch.latest_good_checkpoint(tmp_path)
    assert checkpoint.name == 'iter_2.pth'
    saved = weights.load_checkpoint(checkpoint)
    ours = Config.fromstring(saved['meta']['cfg'], '.py')
    assert ours.model == toy_config().model
    assert ours.train_cfg.max_iters == 2
    # another model refuses it, on resuming and on load_from alike
    other = toy_config(**{'model.generator.norm': 'instance', 'train_cfg.max_iters': 2})
    with pytest.raises(ValueError, match=r"network is another \(model\.generator\.norm='instance' instead of 'batch'"):
        launch.build_runner(other, work_dir=tmp_path, resume=True).train()
    other.load_from = str(checkpoint)
    with pytest.raises(ValueError, match='does not fit the model'):
        launch.build_runner(other, work_dir=tmp_path / 'other').train()


def test_weights_alone_are_not_resumed_but_trained_on(tmp_path):
    settings = {'train_cfg.max_iters': 1, 'val_evaluator': None}
    train(toy_config(**settings), work_dir=tmp_path)
    path = tmp_path / 'iter_1.pth'
    saved = weights.load_checkpoint(path)
    torch.save(dict(state_dict=saved['state_dict']), path)
    with pytest.raises(ValueError, match=facts(
            'optimizer, message_hub, meta.epoch, meta.iter', '--resume', f'load_from={path}')):
        train(toy_config(**settings), work_dir=tmp_path, resume=True)
    runner = train(toy_config(**settings, load_from=str(path)), work_dir=tmp_path / 'anew')
    assert runner.iter == 1

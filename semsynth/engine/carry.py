"""Carrying over: training starts from another model's weights and moments of the same name and shape."""

from __future__ import annotations

from pathlib import Path

import torch
from mmengine.hooks import Hook
from mmengine.optim import OptimWrapper
from mmengine.runner import Runner
from torch import Tensor, nn

from semsynth.engine.checkpoint import weight_differences
from semsynth.engine.ema import GeneratorEMAHook
from semsynth.engine.wrapping import bare, bare_names
from semsynth.registry import HOOKS
from semsynth.weights import check_finite, load_checkpoint, weights_in


@HOOKS.register_module()
class CarryHook(Hook):
    """``carry_from=PATH`` of a config: weights and optimiser moments by name and shape; what is new starts fresh.

    Weights are those that were trained, not their average, which starts anew as a copy of them. Moments (Adam's, say)
    go with their parameters; learning rates and schedules are those of the new config. The log lists what was not
    carried over. A resumed run carries nothing: it has all of that already.

    Args:
        checkpoint: path of the training checkpoint.

    Raises:
        FileNotFoundError: at the start of training, there is no such file.
        ValueError: nothing in it fits the model, or a weight in it is not finite.
    """

    priority = 'VERY_HIGH'

    def __init__(self, checkpoint: str):
        self.checkpoint = checkpoint
        self.kept: dict[str, dict] = {}

    def before_train(self, runner: Runner) -> None:
        """Carry over weights and moments."""
        if runner._resume:
            return
        saved = load_checkpoint(self.checkpoint)
        model = bare(runner.model)
        count, report = carry_weights(model, saved, self.checkpoint)
        if not count:
            raise ValueError(f'carry_from: nothing in {self.checkpoint} fits the model: {"; ".join(report)}. Name a '
                             'checkpoint of the same kind of generator.')
        parameters = bare_names(dict(model.named_parameters()), model)
        frozen = {name for name, parameter in parameters.items() if not parameter.requires_grad}
        moments = 0
        for player, wrapper in runner.optim_wrapper.items():
            known = known_moments(wrapper, saved, player)
            moments += carry_moments(wrapper, known)
            self.kept[player] = {name: known[name] for name in frozen & known.keys()}
        runner.logger.info('\n'.join([f'Carried over from {self.checkpoint}: {count} of {len(model.state_dict())} '
                                      f'weights, and the moments of {moments} parameters.', *report]))
        for hook in runner.hooks:
            if isinstance(hook, GeneratorEMAHook):
                hook.before_run(runner)  # copies the weights once more

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Keep the moments of parts that are frozen now, for a later run that trains them again."""
        checkpoint['frozen_moments'] = self.kept

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Load these moments on resuming."""
        self.kept = checkpoint.get('frozen_moments', {})


def carry_weights(model: nn.Module, saved: dict, path: str | Path) -> tuple[int, list[str]]:
    """Copy the weights of a checkpoint whose name and shape the model has; returns their number, and what differs."""
    averaged = saved.get('ema_state_dict', {})
    trained = {name.removeprefix('module.'): value for name, value in averaged.items() if name.startswith('module.')}
    check_finite(trained, path)
    weights = weights_in(saved, path) | trained
    own = bare_names(model.state_dict(), model)
    fitting = [name for name, value in own.items() if name in weights and weights[name].shape == value.shape]
    for name in fitting:
        own[name].copy_(weights[name])
    return len(fitting), weight_differences(own, weights)


def known_moments(wrapper: OptimWrapper, saved: dict, player: str) -> dict[str, dict]:
    """The moments of each parameter in a checkpoint, by name, if its optimiser is of the same kind as the wrapper's.

    Moments without names, as older versions wrote them, are left behind.
    """
    state = saved.get('optimizer', {}).get(player)
    if not state or _settings(state) != _settings(wrapper.optimizer.state_dict()):
        return {}
    own = {name: state['state'][index] for group in state['param_groups'] for name, index in _named(group)
           if index in state['state']}
    return saved.get('frozen_moments', {}).get(player, {}) | own


def carry_moments(wrapper: OptimWrapper, known: dict[str, dict]) -> int:
    """Load the moments of an optimiser's named parameters; returns the number of parameters that have any."""
    optimizer = wrapper.optimizer
    state = optimizer.state_dict()
    for group, own in zip(state['param_groups'], optimizer.param_groups, strict=True):
        for (name, index), (_, parameter) in zip(_named(group), _named(own), strict=True):
            if name in known and _fits(known[name], parameter):
                state['state'][index] = known[name]
    optimizer.load_state_dict(state)
    return len(state['state'])


def _settings(state: dict) -> set[str]:
    """Names of an optimiser's settings, which tell its kind."""
    return {name for name in state['param_groups'][0]
            if name not in ('params', 'param_names') and not name.startswith('initial_')}


def _named(group: dict) -> list[tuple]:
    return list(zip(group.get('param_names', ()), group['params'], strict=False))


def _fits(moments: dict, parameter: Tensor) -> bool:
    return all(value.shape == parameter.shape for value in moments.values() if torch.is_tensor(value) and value.dim())

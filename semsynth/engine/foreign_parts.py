"""Parts of mmengine and torch that a config asks for: arguments that they do not have are refused before a run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from mmengine.config import Config
from mmengine.hooks import CheckpointHook
from mmengine.runner import Runner
from torch.nn.utils import clip_grad_norm_, clip_grad_value_
from torch.utils.data import DataLoader

from semsynth.arguments import check_names
from semsynth.config import LOADERS
from semsynth.registry import DATA_SAMPLERS, HOOKS, OPTIMIZERS, PARAM_SCHEDULERS, VISBACKENDS, Registry

CLIPPING: dict[str, Callable] = dict(norm=clip_grad_norm_, value=clip_grad_value_)
"""What ``clip_grad`` calls, by its ``type``."""
OF_MMENGINE = ('type', '_scope_', 'priority', 'convert_to_iter_based', 'epoch_length', 'num_batch_per_epoch',
               'disable_subprocess_warning')
"""Entries that mmengine reads itself, and takes out before it builds the part."""


def check_foreign_parts(config: Config) -> None:
    """Refuse arguments that a run's optimisers, schedules, hooks, backends and data loaders do not have.

    mmengine builds these, one after another, some only when the first checkpoint is saved.

    Args:
        config: of a training.

    Raises:
        TypeError: says which part, which argument, and the nearest ones.
        KeyError: a part's type is not known, or it has none.
    """
    for place, part, registry in _parts(config):
        kind = registry.kind_of(part)
        # what a checkpoint hook does not know, it passes on
        others: list[Callable] = [Runner.save_checkpoint] if kind is CheckpointHook else []
        _check(f'{place}: {kind.__name__}', part, kind, *others)
    for place, wrapper in _wrappers(config):
        if clipping := wrapper.get('clip_grad'):
            _check(f'{place}.clip_grad', clipping, CLIPPING[clipping.get('type', 'norm')])
    for place in LOADERS:
        _check(place, config.get(place) or {}, DataLoader)


def _check(owner: str, part: Mapping, *targets: Callable) -> None:
    check_names(owner, [name for name in part if name not in OF_MMENGINE], *targets)


def _parts(config: Config) -> Iterator[tuple[str, dict, Registry]]:
    """Place and settings of each part, and the registry that knows its type."""
    for place, wrapper in _wrappers(config):
        yield f'{place}.optimizer', wrapper['optimizer'], OPTIMIZERS
    schedules: Any = config.get('param_scheduler')
    several = isinstance(schedules, dict) and 'type' not in schedules
    for group in schedules.values() if several else [schedules]:
        for part in [group] if isinstance(group, dict) else group or ():
            yield 'param_scheduler', part, PARAM_SCHEDULERS
    for name, hook in (config.get('default_hooks') or {}).items():
        if hook is not None:
            yield f'default_hooks.{name}', hook, HOOKS
    for hook in config.get('custom_hooks') or ():
        yield 'custom_hooks', hook, HOOKS
    for backend in (config.get('visualizer') or {}).get('vis_backends') or ():
        yield 'visualizer.vis_backends', backend, VISBACKENDS
    for loader in LOADERS:
        if isinstance(sampler := (config.get(loader) or {}).get('sampler'), dict):
            yield f'{loader}.sampler', sampler, DATA_SAMPLERS


def _wrappers(config: Config) -> Iterator[tuple[str, dict[str, Any]]]:
    """Place and settings of the wrapper of each optimiser."""
    given = config.optim_wrapper
    if 'optimizer' in given:
        yield 'optim_wrapper', given
    else:
        yield from ((f'optim_wrapper.{name}', wrapper) for name, wrapper in given.items()
                    if isinstance(wrapper, dict) and 'optimizer' in wrapper)

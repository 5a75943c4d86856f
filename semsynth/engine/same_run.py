"""Comparison of a config with the one in a checkpoint: which settings may change when a run is resumed."""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from textwrap import shorten
from typing import Any

from mmengine.config import Config
from mmengine.registry import OPTIMIZERS

from semsynth import registry
from semsynth.config import plain, scene_datasets
from semsynth.data.pipeline import whole_pipeline
from semsynth.stored_config import read_settings
from semsynth.weights import load_checkpoint

COMPARED = ('model', 'data_preprocessor', 'precision', 'randomness', 'train_dataloader', 'optim_wrapper',
            'param_scheduler', 'auto_scale_lr', 'train_cfg', 'default_hooks', 'custom_hooks', 'val_dataloader',
            'val_evaluator', 'val_cfg', 'env_cfg', 'sync_bn', 'visualizer', 'log_processor')
"""The settings that training reads; variables of a config, and where files lie, make no other run."""
OF_A_PLACE = re.compile(r'.+\.(?:data_root|statistics)|model\.(?:segmentor\.config|.+\.(?:checkpoint|weights))'
                        r'|env_cfg\.dist_cfg\b.*')
"""Where files lie, and how processes talk, on the machine at hand. The label generator is known by its weights."""
FOLLOWED_IN_MODEL = re.compile(r'model\.(?:losses\b.*|views\b.*|reuse_outputs|channels_last|fused_norms|compiled|graphs'
                               r'|styles|micro_batch|(?:.+\.)?checkpoint_activations)')
REFUSED = {
    'the network': r'model\b.*|data_preprocessor\b.*',
    'the batch size': r'train_dataloader\.batch_size|optim_wrapper\.(?:\w+\.)?accumulative_counts',
    'the data set': r'train_dataloader\.(?:dataset|sampler|batch_sampler|drop_last|collate_fn)\b.*',
    'the seed': r'randomness\.(?:seed|diff_rank_seed)',
    'the precision': r'precision|optim_wrapper\.(?:\w+\.)?type',
    'the optimiser': r'optim_wrapper\.(?:\w+\.)?(?:optimizer\.(?:type|amsgrad)|constructor|paramwise_cfg\b.*)'
                     r'|optim_wrapper\.(?:generator|discriminator)'}
"""Settings that may not change, because the run would be another or would not fit what was saved; others may."""
RATES = re.compile(r'(?:optim_wrapper|param_scheduler|auto_scale_lr|train_cfg\.max_)\b.*|train_cfg\.max_\w+')
"""Settings that learning rates and the optimisers' other numbers depend on."""
OWN_WRAPPERS = ('OptimWrapper', 'PlayerOptimWrapper', 'Bf16OptimWrapper')
"""Of the optimisers; they differ in precision, which is a setting of its own."""
DEFAULTS = dict(accumulative_counts=1, drop_last=False, diff_rank_seed=False)
"""Settings without a type that mean the same whether they are written or not. Those with one have its defaults."""
NOTHING: tuple[Any, ...] = (None, [], {})
FAMILIES = (*(each for each in vars(registry).values() if isinstance(each, registry.Registry)), OPTIMIZERS)
"""Registries in which types are looked up."""


@dataclass
class Change:
    """A setting that differs from the checkpoint's.

    Args:
        key: such as ``'train_cfg.max_iters'``.
        saved: its value in the checkpoint; None for none.
        now: its value in the config; None for none.
    """

    key: str
    saved: Any
    now: Any

    @property
    def is_rate(self) -> bool:
        """Whether learning rates depend on it."""
        return bool(RATES.fullmatch(self.key))

    @property
    def refused(self) -> str | None:
        """What it changes, such as ``'the batch size'``, if that makes another run; None where it may change."""
        if FOLLOWED_IN_MODEL.fullmatch(self.key):
            return None
        return next((what for what, pattern in REFUSED.items() if re.fullmatch(pattern, self.key)), None)

    def __str__(self) -> str:
        return f'{self.key}: {_short(self.saved)} -> {_short(self.now)}'


def changes_since(checkpoint: Mapping[str, Any], config: Config) -> list[Change]:
    """Every setting of a config that differs from what a checkpoint was trained with; none for one without a config."""
    text = checkpoint.get('meta', {}).get('cfg')
    if not isinstance(text, str):
        return []
    saved, now = plain(read_settings(text)), plain(config.to_dict())
    for settings in (saved, now):
        _tell_precision(settings)
        _tell_pipelines(settings)
        _drop_repeated_classes(settings)
    if now['precision'] == 'auto':
        now['precision'] = saved['precision']  # which resuming keeps
    changes = [change for key in COMPARED for change in _differences(saved.get(key), now.get(key), key)]
    return [change for change in changes if not OF_A_PLACE.fullmatch(change.key)]


def check_same_run(config: Config, path: Path) -> list[Change]:
    """Refuse to resume a run with settings that make it another one.

    Args:
        config: complete, with which training shall go on.
        path: of the checkpoint from which it shall.

    Returns:
        The changes that are followed.

    Raises:
        ValueError: says what is different, and how to start anew from these weights.
    """
    changes = changes_since(load_checkpoint(path), config)
    refused = [change for change in changes if change.refused]
    if refused and (what := refused[0].refused):
        listed = ', '.join(f'{change.key}={_short(change.now)} instead of {_short(change.saved)}'
                           for change in refused[:3])
        raise ValueError(another_run(path, f'{what} is another ({listed})', what))
    return changes


def another_run(path: str | Path, difference: str, what: str) -> str:
    """The sentence that refuses to resume, and says what to do instead.

    Args:
        path: of the checkpoint.
        difference: what is not as it was.
        what: a key of ``REFUSED``.
    """
    start = 'carry_from' if what == 'the network' else 'load_from'
    return (f'{Path(path).parent} cannot be resumed: {difference}. Give back what {Path(path).name} was trained with, '
            f'or start anew from its weights, without --resume: --work-dir OTHER --cfg-options {start}={path}.')


def _tell_precision(settings: dict[str, Any]) -> None:
    """Older runs tell their precision by the type of the optimisers' wrappers; newer ones by a setting."""
    given = settings.get('optim_wrapper') or {}
    wrappers = [part for part in (given, *given.values()) if isinstance(part, dict) and 'optimizer' in part]
    types = {wrapper.pop('type') for wrapper in wrappers if wrapper.get('type') in OWN_WRAPPERS}
    settings.setdefault('precision', 'bfloat16' if 'Bf16OptimWrapper' in types else 'float32')


def _tell_pipelines(settings: dict[str, Any]) -> None:
    """Data sets may be told their transforms, or a size and the like to make them of."""
    for _, dataset in scene_datasets(settings):
        whole = plain(whole_pipeline(**dataset))
        for key in ('size', 'flip', 'jitter'):
            dataset.pop(key, None)
        dataset['pipeline'] = whole


def _drop_repeated_classes(settings: dict[str, Any]) -> None:
    """Older runs tell heads and discriminators the number of classes, which newer ones take from the model."""
    model = settings.get('model') or {}
    classes = (model.get('data_preprocessor') or {}).get('num_classes')
    nodes = [model.get('generator'), model.get('discriminator')]
    while nodes:
        node = nodes.pop()
        if isinstance(node, dict):
            if node.get('num_classes') == classes:
                node.pop('num_classes', None)
            nodes += node.values()


def _differences(saved: Any, now: Any, key: str) -> list[Change]:
    if isinstance(saved, dict) and isinstance(now, dict):
        return [change for name in dict.fromkeys([*saved, *now])
                for change in _differences(_given(saved, name), _given(now, name), f'{key}.{name}')]
    if isinstance(saved, list) and isinstance(now, list) and len(saved) == len(now):
        return [change for place, parts in enumerate(zip(saved, now, strict=True))
                for change in _differences(*parts, f'{key}.{place}')]
    return [] if saved == now or (saved in NOTHING and now in NOTHING) else [Change(key, saved, now)]


def _given(settings: dict[str, Any], name: str) -> Any:
    """A setting, or what its absence means: newer configs write out what older ones left to the default."""
    if settings.get(name) is not None:
        return settings[name]
    kind = settings.get('type')
    found = [family.get(kind) for family in FAMILIES if kind in family] if isinstance(kind, str) else []
    for each in found[0].__mro__ if found else ():
        argument = inspect.signature(each.__init__).parameters.get(name)
        if argument and argument.default is not argument.empty:
            return plain(argument.default)
    return DEFAULTS.get(name)


def _short(value: Any) -> str:
    return shorten(repr(value), 100, placeholder=' ...')

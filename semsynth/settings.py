"""Which top-level entries a config may have, and what their values may be: all that is read is listed here."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any, Literal

from mmengine.config import Config

from semsynth.arguments import check_value
from semsynth.errors import did_you_mean, either

Part = dict | None
Parts = dict | Sequence[dict] | None
SETTINGS: dict[str, Any] = {
    # what is trained, on what, how long, and how it is judged
    'model': dict, 'data_preprocessor': Part, 'stages': Sequence[dict] | None,
    'data_root': str, 'image_size': tuple[int | None, int | None], 'batch_size': int, 'micro_batch': int | None,
    'train_dataloader': Part, 'val_dataloader': Part, 'test_dataloader': Part,
    'train_cfg': Part, 'val_cfg': Part, 'test_cfg': Part, 'optim_wrapper': Part, 'param_scheduler': Parts,
    'val_evaluator': Parts, 'test_evaluator': Parts, 'diversity_evaluator': Parts,
    # where it starts, and where its files go
    'load_from': str | None, 'carry_from': str | None, 'resume': bool, 'work_dir': str | None,
    'experiment_name': str | None,
    # how it runs
    'precision': Literal['auto', 'float32', 'bfloat16'], 'default_scope': str, 'custom_imports': Any,
    'default_hooks': dict[str, dict | None],
    'custom_hooks': Sequence[dict] | None, 'env_cfg': dict, 'randomness': dict,
    'launcher': Literal['none', 'pytorch', 'slurm'], 'sync_bn': Literal['torch', 'mmcv'] | None,
    'model_wrapper_cfg': Part, 'find_unused_parameters': bool,
    # what label maps in files mean to a model without its data set
    'layouts': Part,
    # what is shown
    'log_level': Literal['DEBUG', 'INFO', 'WARNING', 'ERROR'], 'log_processor': dict, 'visualizer': Part,
    # a row of an ablation
    'row': dict, 'ablation': dict}
"""Top-level entries that training and the tools read."""
FACTS: dict[str, Any] = {'class_map': str | Sequence[int] | None, 'judge': Part, 'label_generator': Part}
"""What a data set's configs say of it for others: the segmentors that label its photos, and their classes."""
OPTION = '--cfg-options'
EXAMPLES = dict(image_size='128,256', size='128,256', betas='0,0.9')
"""How a command line writes entries of two numbers: parentheses would need quotes."""
OPTIONS = ('class_map', 'judge')
"""Of these, what tools read after options are merged."""
NESTED: dict[str, Any] = {
    '*_dataloader.batch_size': int, '*_dataloader.num_workers': int, '*_dataloader.prefetch_factor': int | None,
    '*_dataloader.persistent_workers': bool, '*_dataloader.pin_memory': bool, '*_dataloader.drop_last': bool,
    '*.dataset.edges.folder': str, '*_dataloader.dataset': dict, '*_dataloader.sampler': Part,
    'model.generator': dict, 'model.generator.head': Part, 'model.discriminator': Part, 'model.encoder': Parts,
    'model.losses': dict[str, dict | None] | None, 'model.segmentor': Part, 'model.data_preprocessor': dict,
    '*data_preprocessor.num_classes': int, '*data_preprocessor.raw_channels': int | None,
    'train_cfg.max_iters': int | None, 'train_cfg.max_epochs': int | None, 'train_cfg.val_interval': int,
    'optim_wrapper*.optimizer': dict,
    'optim_wrapper*.lr': float, 'optim_wrapper*.weight_decay': float, 'optim_wrapper*.eps': float,
    'optim_wrapper*.betas': tuple[float, float], 'optim_wrapper*.momentum': float,
    'optim_wrapper*.accumulative_counts': int, 'optim_wrapper*.clip_grad': Part, 'optim_wrapper*.max_norm': float,
    'param_scheduler.generator': Parts, 'param_scheduler.discriminator': Parts,
    'param_scheduler*.by_epoch': bool, 'param_scheduler*.begin': int, 'param_scheduler*.end': int,
    'default_hooks.*.interval': int | Literal[-1], 'default_hooks.*.by_epoch': bool,
    'default_hooks.checkpoint.max_keep_ckpts': int | Literal[-1],
    '*.backend_args': Part, '*.backend_args.backend': str,
    'default_hooks.*.log_metric_by_epoch': bool, 'log_processor.by_epoch': bool,
    'log_processor.window_size': int, 'log_processor.mean_pattern': str,
    'visualizer.vis_backends': Sequence[dict] | None,
    'randomness.seed': int | None, 'randomness.deterministic': bool, 'randomness.diff_rank_seed': bool,
    'env_cfg.*_cfg': dict, 'env_cfg.cudnn_benchmark': bool,
    'env_cfg.mp_cfg.opencv_num_threads': int, 'env_cfg.mp_cfg.mp_start_method': Literal['fork', 'forkserver', 'spawn']}
"""Entries within them that mmengine or torch would read without a check, or too late; ``*`` stands for any text."""

CLOSED = {
    'randomness': ('seed', 'deterministic', 'diff_rank_seed'),
    'env_cfg': ('cudnn_benchmark', 'mp_cfg', 'dist_cfg', 'resource_limit'),
    'env_cfg.mp_cfg': ('mp_start_method', 'opencv_num_threads')}
"""All that some of them may hold: mmengine would ignore other names, or fail at them."""


def check_names(config: Config, names: Iterable[str]) -> None:
    """Refuse overrides of what is no setting.

    Args:
        config: that they are to change.
        names: dotted, as in one of ``stages``.

    Raises:
        ValueError: the first part of one is no setting; says which are like it.
    """
    for name in names:
        first = str(name).partition('.')[0]
        if first not in SETTINGS and first not in FACTS:
            raise ValueError(f'{name} is no setting: {_nearest(first, config)}')


def check_options(config: Config, names: Iterable[str]) -> None:
    """Refuse options of a command line that would change nothing: those that ``check_names`` refuses, and facts of
    the data set, which are made into settings when the config's file is read, before.

    Raises:
        ValueError: says which, and what does change something.
    """
    check_names(config, names)
    for name in names:
        if name in FACTS and name not in OPTIONS:
            raise ValueError(f'{name} as an option changes nothing: configs have made their parts with it before. Set '
                             'these parts, by the names that semsynth train CONFIG --dry-run prints, or write a config '
                             f'of your own with another {name}.')


def check_settings(config: Config, used: Mapping[str, bool] | None = None, options: Iterable[str] = ()) -> None:
    """Refuse a config with a top-level entry that nothing reads, or with a setting of another kind or out of range.

    An entry whose name begins with an underscore, or that the config's files use, is a variable, and left alone.

    Args:
        config: as read, or one of its stages.
        used: by name, True for variables that the config's files use, False for what may be one: that is refused only
            where it is called much like a setting. None takes everything for such.
        options: names of the overrides that the config has already; what is wrong in one is not the file's.

    Raises:
        ValueError: says which, and what was expected.
    """
    known = SETTINGS | FACTS
    for name, value in config.items():
        if name in known:
            check_setting(config, name, value, known[name], options)
        elif not name.startswith('_') and not _is_variable(name, used):
            raise ValueError(f'{_owner(config, name)}: {name} is no setting, and no part of the config uses it: '
                             f'{_nearest(name, config)} Begin it with an underscore to keep a variable of your own.')
    for name, hook in (config.get('default_hooks') or {}).items():
        if hook is not None and 'type' not in hook:
            raise ValueError(f'{_owner(config, f"default_hooks.{name}", options)}: default_hooks.{name}={dict(hook)} '
                             'names no type: '
                             + did_you_mean(name, [key for key in config.default_hooks if key != name], 'give it one.'))
    for name, value in _nested(config._cfg_dict):
        if name.endswith('.type') and not (callable(value) or (isinstance(value, str) and value)):
            raise ValueError(f'{_owner(config, name, options)}: {name}={value!r}, expected the name of a class.')
        parent, _, key = name.rpartition('.')
        if parent in CLOSED and key not in CLOSED[parent]:
            raise ValueError(f'{_owner(config, name, options)}: {name} is no setting: {parent} has '
                             f'{", ".join(CLOSED[parent])}.')
        for pattern, annotation in NESTED.items():
            if fnmatchcase(name, pattern):
                check_setting(config, name, value, annotation, options)


def check_setting(config: Config, name: str, value: object, annotation: Any, options: Iterable[str] = ()) -> None:
    """Refuse a value as ``check_value`` does; the message names the option, or else the file, that it comes from."""
    owner, pair = _owner(config, name, options), EXAMPLES.get(name.rpartition('.')[2])
    try:
        check_value(owner, name, value, annotation)
    except ValueError as error:
        if owner == OPTION and pair:
            error.args = (f'{error} Write it as {name}={pair}.',)
        raise


def _owner(config: Config, name: str, options: Iterable[str] = ()) -> str:
    """Where the value of an entry comes from, to begin a message with: an option, or the config's file."""
    given = any(f'{name}.'.startswith(f'{option}.') or option.startswith(f'{name}.') for option in options)
    return OPTION if given else str(config.filename or 'The config')


def _nested(node: object, place: str = '') -> Iterator[tuple[str, object]]:
    """Dotted name and value of everything inside dicts and lists."""
    if isinstance(node, dict | list | tuple):
        for key, value in node.items() if isinstance(node, dict) else enumerate(node):
            name = f'{place}.{key}' if place else str(key)
            yield name, value
            yield from _nested(value, name)


def _is_variable(name: str, used: Mapping[str, bool] | None) -> bool:
    if used is None or used.get(name) is False:
        return not difflib.get_close_matches(name, SETTINGS, n=1, cutoff=0.8)
    return name in used


def _nearest(name: str, config: Config) -> str:
    """What may have been meant: entries of that very name inside the config's parts, or settings of a like name."""
    inside = [place for place, _ in _nested(config._cfg_dict)
              if place.endswith(f'.{name}') and not place.startswith('stages.')]
    if inside:
        return f'did you mean {either(inside[:3])}?'
    return did_you_mean(name, [*SETTINGS, *FACTS], f'there are {", ".join(SETTINGS)}.')

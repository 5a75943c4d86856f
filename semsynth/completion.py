"""The config of a run, complete: all that it decides by itself is written out, to be printed and saved."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import torch
from mmengine.config import Config
from mmengine.device import get_device

from semsynth.config import LOADERS, load_config, scene_datasets
from semsynth.data.pipeline import whole_pipeline
from semsynth.devices import check_precision, resolve_precision
from semsynth.weights import load_checkpoint

ENGINE_HOOKS = ('runtime_info', 'timer', 'sampler_seed', 'logger', 'param_scheduler', 'checkpoint')
"""Of these mmengine wants a None where there shall be none; of others, no entry."""
SHORT_LINES = 5
"""Lines of progress of a run that would have less than two at the log's own interval."""
WRAPPERS = dict(float32='PlayerOptimWrapper', bfloat16='Bf16OptimWrapper')
"""The optimiser wrapper that trains in each precision."""


def complete(config: str | Path | Config, *, work_dir: str | Path | None = None, precision: str | None = None,
             launcher: str = 'none', resume_from: str | Path | None = None) -> Config:
    """Everything that a run needs, in a copy of its config; one that is complete stays as it is.

    Filled in are: the work dir, the precision, the checkpoint that it goes on from, the data sets' pipelines, pinned
    memory, the scenes of the pictures, hooks that other settings ask for, what several ranks need, and None for a
    validation or test that lacks a part.

    Args:
        config: path or config; where it has stages, the last one counts.
        work_dir: as of ``work_dir_of``.
        precision: ``'auto'``, ``'float32'`` or ``'bfloat16'``, in place of the config's own.
        launcher: ``'none'``, ``'pytorch'`` or ``'slurm'``.
        resume_from: checkpoint that the run goes on from.

    Raises:
        ValueError: a setting would lose checkpoints, two contradict each other, or a data set has no pipeline.
    """
    config = load_config(config)
    config.work_dir = str(work_dir_of(config, work_dir))
    if resume_from:
        config.load_from, config.resume = str(resume_from), True
    _complete_hooks(config)
    _complete_loaders(config)
    _complete_evaluation(config)
    _complete_start(config)
    _complete_ranks(config, launcher)
    _complete_precision(config, precision)
    for place, dataset in scene_datasets(config):
        dataset['pipeline'] = whole_pipeline(**dataset)
        if not dataset['pipeline']:
            raise ValueError(f'{place} has neither a size nor a pipeline: set {place}.size=(HEIGHT, WIDTH), or '
                             'image_size.')
    return config


def work_dir_of(config: Config, given: str | Path | None = None) -> Path:
    """Where a run's files go: as given, as the config says, or ``work_dirs/NAME-OF-CONFIG``."""
    return Path(given or config.get('work_dir') or Path('work_dirs', Path(config.filename or 'run').stem))


def saved_precision(checkpoint: str | Path) -> str:
    """The precision that the run of a checkpoint trains in, by the config that it carries.

    Of older runs, whose configs do not say it, the optimisers' wrapper tells.
    """
    config = load_checkpoint(checkpoint).get('meta', {}).get('cfg', '')
    if found := re.search(r"^precision ?= ?'(float32|bfloat16)'$", config, re.M):
        return found[1]
    return 'bfloat16' if 'Bf16OptimWrapper' in config else 'float32'


def set_precision(optim_wrapper: dict | None, precision: str) -> None:
    """Give a config's optimisers, one or one for each player, the wrapper that trains in a resolved precision.

    A wrapper of another type, such as mmengine's ``AmpOptimWrapper``, has a precision of its own and keeps it.
    """
    for wrapper in _own_wrappers(optim_wrapper):
        wrapper['type'] = WRAPPERS[precision]


def _own_wrappers(optim_wrapper: dict | None) -> list[dict]:
    given = optim_wrapper or {}
    wrappers = [given] if 'optimizer' in given else [part for part in given.values() if isinstance(part, dict)]
    own = ('OptimWrapper', *WRAPPERS.values())
    return [wrapper for wrapper in wrappers if wrapper.get('type', 'OptimWrapper') in own]


def _complete_hooks(config: Config) -> None:
    hooks = config.get('default_hooks', {})
    for name in [name for name, hook in hooks.items() if hook is None and name not in ENGINE_HOOKS]:
        del hooks[name]
    checkpoint: Any = hooks.get('checkpoint') or {}
    if checkpoint.get('max_keep_ckpts', -1) == 1:
        raise ValueError('default_hooks.checkpoint: max_keep_ckpts=1 deletes the only checkpoint before the next one '
                         'is written; use 2 or more.')
    if checkpoint.get('out_dir'):
        raise ValueError(f'default_hooks.checkpoint: out_dir={checkpoint.out_dir!r}, but a run is resumed from its '
                         'work dir: drop out_dir, and name a place for everything with --work-dir.')
    counts = (config.optim_wrapper or {}).get('accumulative_counts', 1)  # a segmentor's
    if checkpoint.get('interval', 0) % counts:
        raise ValueError(f'default_hooks.checkpoint: interval={checkpoint.interval} is no multiple of '
                         f'optim_wrapper.accumulative_counts={counts}: gradients would be lost on resume.')
    if hooks.get('pictures') and 'dataset' not in hooks.pictures:
        source = next(config[loader] for loader in ('val_dataloader', 'test_dataloader', 'train_dataloader')
                      if config.get(loader))
        hooks.pictures.dataset = source.dataset
    logger: Any = hooks.get('logger') or {}
    length = (config.get('train_cfg') or {}).get('max_iters')
    if length and length < 2 * logger.get('interval', 0):
        logger.interval = max(1, length // SHORT_LINES)


def _complete_loaders(config: Config) -> None:
    for name in LOADERS:
        loader: Any = config.get(name) or {}
        if loader.get('num_workers') == 0:
            loader.persistent_workers = False  # torch refuses it, and --cfg-options would need both
        loader.setdefault('pin_memory', torch.cuda.is_available())  # or every copy to the device waits for it


def _complete_evaluation(config: Config) -> None:
    """A set without an evaluator, or the other way round, is not evaluated."""
    for stage in ('val', 'test'):
        keys = [f'{stage}_{part}' for part in ('dataloader', 'cfg', 'evaluator')]
        if not all(config.get(key) for key in keys):
            config.merge_from_dict(dict.fromkeys(keys))
        evaluators = config.get(f'{stage}_evaluator') or []
        for evaluator in evaluators if isinstance(evaluators, list | tuple) else [evaluators]:
            if evaluator.get('full_size'):  # then the scenes carry what it judges
                config[f'{stage}_dataloader'].dataset.full_size = True


def _complete_start(config: Config) -> None:
    if config.get('carry_from'):
        if config.get('load_from') and not config.get('resume'):
            raise ValueError('carry_from and load_from are both set: load_from takes weights that fit exactly, '
                             'carry_from those that fit; drop one of them.')
        config.merge_from_dict({'default_hooks.carry': dict(type='CarryHook', checkpoint=config.carry_from)})


def _complete_ranks(config: Config, launcher: str) -> None:
    """gloo on CPUs, nccl and SyncBatchNorm on GPUs, from the same command."""
    if launcher == 'none':
        return
    config.launcher = launcher
    wrapper = 'CapturableDataParallel' if config.model.get('graphs') else 'MMSeparateDistributedDataParallel'
    config.model_wrapper_cfg = dict(type=wrapper, gradient_as_bucket_view=True)
    if not torch.cuda.is_available():
        config.model_wrapper_cfg.device_ids = None
        config.merge_from_dict({'env_cfg.dist_cfg.backend': 'gloo'})
    elif int(os.environ.get('WORLD_SIZE', 1)) > 1 or launcher == 'slurm':
        config.sync_bn = 'torch'


def _complete_precision(config: Config, given: str | None) -> None:
    """Put float32 or bfloat16 in the place of ``'auto'``: what a resumed run was begun in, or what fits the device."""
    precision = given or config.get('precision', 'auto')
    check_precision(precision)
    own = _own_wrappers(config.optim_wrapper)
    if precision == 'auto' and any(wrapper.get('type') == WRAPPERS['bfloat16'] for wrapper in own):
        precision = 'bfloat16'  # as the configs of older runs ask for it
    if precision == 'auto' and config.get('resume') and config.get('load_from'):
        precision = saved_precision(config.load_from)
    config.precision = resolve_precision(precision, get_device())
    set_precision(config.optim_wrapper, config.precision)

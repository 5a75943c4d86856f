"""The way into training: a config becomes a runner, on a CPU or GPUs, on one rank or several."""

from __future__ import annotations

import copy
import os
from pathlib import Path

import torch
from mmengine.config import Config
from mmengine.device import get_device
from mmengine.dist import init_dist
from mmengine.registry import DefaultScope
from mmengine.runner import Runner
from torch import distributed

from semsynth.config import read_file
from semsynth.data import check_classes, merge_options, quick_check
from semsynth.devices import SLOW, check_precision, is_slow, resolve_precision
from semsynth.engine.checkpoint import latest_good_checkpoint, saved_precision
from semsynth.engine.optim import names_bfloat16, set_precision
from semsynth.engine.run_record import RunRecordHook
from semsynth.engine.same_run import check_same_run
from semsynth.engine.stages import check_stages, stage_configs
from semsynth.engine.stopping import StopHook
from semsynth.registry import DATASETS
from semsynth.settings import check_options, check_settings

ENGINE_HOOKS = ('runtime_info', 'timer', 'sampler_seed', 'logger', 'param_scheduler', 'checkpoint')
"""Of these mmengine wants a None where there shall be none; of others, no entry."""


def load_config(config: str | Path | Config, cfg_options: dict | None = None) -> Config:
    """Read a config and override entries of it; where it has stages, it becomes the last one's.

    Args and errors are those of :func:`read_config`.
    """
    return stage_configs(read_config(config, cfg_options))[-1]


def read_config(config: str | Path | Config, cfg_options: dict | None = None) -> Config:
    """Read a config and override entries of it.

    Args:
        config: path, or a config that is read already (it is copied).
        cfg_options: ``{'train_cfg.max_iters': 100}``; ``data_root`` moves the datasets too.

    Raises:
        FileNotFoundError: there is no such file, or none that it is based on.
        SyntaxError: it is no Python; the message names the file.
        ValueError: it is based on itself, cannot be run, or has an entry that is no setting or cannot be right.
    """
    config, used = (copy.deepcopy(config), None) if isinstance(config, Config) else read_file(config)
    check_options(config, cfg_options or ())
    merge_options(config, cfg_options)
    check_settings(config, used)
    return config


def checked_stages(config: Config) -> list[Config]:
    """The config of every stage, checked as far as it can be before anything is built, for training and dry runs alike.

    Raises:
        ValueError: a stage is no synthesizer's, cannot be trained, or would lose checkpoints.
        DataError: files are missing, unpaired or unsound.
    """
    stages = stage_configs(config)
    for stage in stages:
        check_synthesizer(stage)
        check_trainable(stage)
        _complete(copy.deepcopy(stage))
        check_data(stage)
    if config.get('stages'):
        check_stages(stages)
    return stages


def check_trainable(config: Config) -> None:
    """Raise a ValueError for a config that lacks what training needs."""
    if missing := [entry for entry in ('train_dataloader', 'train_cfg', 'optim_wrapper') if not config.get(entry)]:
        raise ValueError(f'{config.filename or "The config"} has no {", ".join(missing)}, and cannot be trained: put a '
                         'data set and a schedule of configs/_base_ among its _base_.')
    schedulers = config.get('param_scheduler') or {}
    if isinstance(schedulers, dict) and 'type' not in schedulers:
        players = [name for name, wrapper in config.optim_wrapper.items() if isinstance(wrapper, dict)]
        if strangers := [name for name in schedulers if name not in players]:
            raise ValueError(f'param_scheduler has an entry for {", ".join(strangers)}, which optim_wrapper has not: '
                             f'it has {", ".join(players)}.')


def check_synthesizer(config: Config) -> None:
    """Raise a ValueError for a config of something else, such as a segmentor."""
    if 'generator' not in config.get('model', {}):
        raise ValueError(f'{config.filename} has no model.generator: it is no config of a synthesizer, such as '
                         'configs/ecgan/ecgan_cityscapes.py. Segmentors are trained by tools/train_segmentor.py.')


def build_runner(config: Config, *, work_dir: str | Path | None = None, resume: bool = False,
                 precision: str | None = None, launcher: str = 'none') -> Runner:
    """The runner that trains a config; arguments as of :func:`~semsynth.apis.training.train`.

    Raises:
        ValueError: the launcher does not fit how this process was started, or a setting would lose checkpoints.
    """
    config = load_config(config)
    config.work_dir = str(work_dir_of(config, work_dir))
    config.precision = precision or config.get('precision', 'auto')
    _complete(config)
    distribute(config, launcher)
    if resume:
        newest = latest_good_checkpoint(config.work_dir)
        config.load_from, config.resume = (str(newest), True) if newest else (config.get('load_from'), False)
    _settle_precision(config)
    changes = check_same_run(config, newest) if resume and newest else []
    runner = Runner.from_cfg(config)
    runner.register_hook(RunRecordHook(changes))
    runner.register_hook(StopHook())
    if config.optim_wrapper and is_slow(config.precision, get_device()):
        runner.logger.warning(SLOW)
    return runner


def check_data(config: Config) -> None:
    """Build the training and validation sets once, and look at some files, before networks are built.

    Raises:
        DataError: files are missing, unpaired or unsound; says which.
        ValueError: the model has less classes than a data set.
    """
    with DefaultScope.overwrite_default_scope('semsynth'):
        for split in ('train_dataloader', 'val_dataloader'):
            if config.get(split):
                dataset = DATASETS.build(config[split].dataset)
                check_classes(dataset, config.model)
                quick_check(dataset)


def work_dir_of(config: Config, given: str | Path | None = None) -> Path:
    """Where a run's files go: as given, as the config says, or ``work_dirs/NAME-OF-CONFIG``."""
    return Path(given or config.get('work_dir') or Path('work_dirs', Path(config.filename or 'run').stem))


def _settle_precision(config: Config) -> None:
    """Put float32 or bfloat16 in the place of ``precision='auto'``: what a resumed run was begun in, or what fits."""
    if config.precision == 'auto' and names_bfloat16(config.optim_wrapper):
        config.precision = 'bfloat16'
    if config.precision == 'auto' and config.get('resume') and config.get('load_from'):
        config.precision = saved_precision(config.load_from)
    config.precision = resolve_precision(config.precision, get_device())
    set_precision(config.optim_wrapper, config.precision)


def _complete(config: Config) -> None:
    """Fill in what follows from the rest of the config, and refuse what would lose checkpoints."""
    check_precision(config.get('precision', 'auto'))
    hooks = config.get('default_hooks', {})
    for name in [name for name, hook in hooks.items() if hook is None and name not in ENGINE_HOOKS]:
        del hooks[name]
    checkpoint = hooks.get('checkpoint') or {}
    if checkpoint.get('max_keep_ckpts', -1) == 1:
        raise ValueError('default_hooks.checkpoint: max_keep_ckpts=1 deletes the only checkpoint before the next one '
                         'is written; use 2 or more.')
    if checkpoint.get('out_dir'):
        raise ValueError(f'default_hooks.checkpoint: out_dir={checkpoint.out_dir!r}, but a run is resumed from its '
                         'work dir: drop out_dir, and name a place for everything with --work-dir.')
    given = config.optim_wrapper or {}  # a segmentor's own, or one a player
    for key, wrapper in dict(given, optim_wrapper=given).items():
        counts = wrapper.get('accumulative_counts', 1) if isinstance(wrapper, dict) else 1
        if checkpoint.get('interval', 0) % counts:
            where = key if wrapper is given else f'optim_wrapper.{key}'
            raise ValueError(f'default_hooks.checkpoint: interval={checkpoint.interval} is no multiple of '
                             f'{where}.accumulative_counts={counts}: gradients would be lost on resume.')
    if hooks.get('pictures') and 'dataset' not in hooks.pictures:
        source = next(config[split] for split in ('val_dataloader', 'test_dataloader', 'train_dataloader')
                      if config.get(split))
        hooks.pictures.dataset = source.dataset
    for stage in ('train', 'val', 'test'):
        loader = config.get(f'{stage}_dataloader') or {}
        if loader.get('num_workers') == 0:
            loader.persistent_workers = False  # torch refuses it, and --cfg-options would need both
        loader.setdefault('pin_memory', torch.cuda.is_available())  # or every copy to the device waits for it
    # a set without an evaluator, or the other way round, is not evaluated
    for stage in ('val', 'test'):
        keys = [f'{stage}_{part}' for part in ('dataloader', 'cfg', 'evaluator')]
        if not all(config.get(key) for key in keys):
            config.merge_from_dict(dict.fromkeys(keys))
        evaluators = config.get(f'{stage}_evaluator') or []
        for evaluator in evaluators if isinstance(evaluators, list) else [evaluators]:
            if evaluator.get('full_size'):  # then the scenes carry what it judges
                config[f'{stage}_dataloader'].dataset.full_size = True
    if config.get('carry_from'):
        if config.get('load_from') and not config.get('resume'):
            raise ValueError('carry_from and load_from are both set: load_from takes weights that fit exactly, '
                             'carry_from those that fit; drop one of them.')
        config.merge_from_dict({'default_hooks.carry': dict(type='CarryHook', checkpoint=config.carry_from)})


def distribute(config: Config, launcher: str) -> None:
    """Settings of the process group: gloo on CPUs, nccl and SyncBatchNorm on GPUs, from the same command."""
    ranks = int(os.environ.get('WORLD_SIZE', 1))
    if launcher == 'none':
        if ranks > 1:
            raise ValueError(f'{ranks} processes were started together: add --launcher pytorch.')
        return
    if launcher == 'pytorch' and 'RANK' not in os.environ:
        raise ValueError('--launcher pytorch needs torchrun: torchrun --nproc_per_node 2 tools/train.py ...')
    config.launcher = launcher
    config.model_wrapper_cfg = dict(type='MMSeparateDistributedDataParallel')
    if torch.cuda.is_available():
        gpus = torch.cuda.device_count()
        if int(os.environ.get('LOCAL_RANK', 0)) >= gpus:
            raise ValueError(f'There are more processes than GPUs: this machine has {gpus}; lower --nproc_per_node.')
        if ranks > 1 or launcher == 'slurm':
            config.sync_bn = 'torch'
        if not distributed.is_initialized():
            init_dist(launcher, **config.get('env_cfg', {}).get('dist_cfg', {}))
        return
    if launcher == 'slurm':
        raise ValueError('--launcher slurm needs GPUs; on CPUs use torchrun and --launcher pytorch.')
    config.model_wrapper_cfg.device_ids = None
    config.merge_from_dict({'env_cfg.dist_cfg.backend': 'gloo'})
    if not distributed.is_initialized():
        distributed.init_process_group('gloo')  # mmengine's own start would ask for a GPU

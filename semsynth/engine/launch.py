"""The way into training: a config becomes a runner, on a CPU or GPUs, on one rank or several."""

from __future__ import annotations

import os
from pathlib import Path

import torch
from mmengine.config import Config
from mmengine.device import get_device
from mmengine.dist import init_dist
from mmengine.registry import DefaultScope
from mmengine.runner import Runner
from torch import distributed

from semsynth.completion import complete, work_dir_of
from semsynth.config import dataset_of, load_config, stage_configs
from semsynth.data import check_classes, quick_check
from semsynth.devices import SLOW, is_slow
from semsynth.engine.checkpoint import latest_good_checkpoint
from semsynth.engine.foreign_parts import check_foreign_parts
from semsynth.engine.memory import reuse_memory
from semsynth.engine.overview import OverviewHook
from semsynth.engine.run_record import RunRecordHook
from semsynth.engine.same_run import check_same_run
from semsynth.engine.stages import check_stages
from semsynth.engine.stopping import StopHook
from semsynth.engine.terminal import QuietRunner
from semsynth.registry import DATASETS
from semsynth.writing import check_place


def checked_stages(config: Config, folder: Path) -> list[Config]:
    """The config of every stage, checked as far as it can be before anything is built, for training and dry runs alike.

    Args:
        config: of the whole training.
        folder: its work dir, which may have to be made.

    Raises:
        ValueError: a stage is no synthesizer's, cannot be trained, or would lose checkpoints; or the work dir, or that
            of a stage, can neither be written nor made.
        DataError: files are missing, unpaired or unsound.
    """
    stages = stage_configs(config)
    numbers = range(1, len(stages) + 1)
    for place in [folder / f'stage_{number}' for number in numbers] if config.get('stages') else [folder]:
        check_place(place.resolve())  # also where a link leads to
    for stage in stages:
        check_synthesizer(stage)
        check_trainable(stage)
        complete(stage)
        check_data(stage)
    if config.get('stages'):
        check_stages(stages)
    return stages


def check_trainable(config: Config) -> None:
    """Refuse a config that lacks what training needs, or has parts with arguments that these do not have.

    Raises:
        ValueError: an entry is missing, or a schedule is for no optimiser.
        TypeError: as of ``check_foreign_parts``.
    """
    if missing := [entry for entry in ('train_dataloader', 'train_cfg', 'optim_wrapper') if not config.get(entry)]:
        raise ValueError(f'{config.filename or "The config"} has no {", ".join(missing)}, and cannot be trained: put a '
                         'data set and a schedule of semsynth::_base_ among its _base_.')
    for split in ('train', 'val'):
        if config.get(f'{split}_dataloader'):
            dataset_of(config, split)
    _check_batch(config)
    schedulers = config.get('param_scheduler') or {}
    if isinstance(schedulers, dict) and 'type' not in schedulers:
        players = [name for name, wrapper in config.optim_wrapper.items() if isinstance(wrapper, dict)]
        if strangers := [name for name in schedulers if name not in players]:
            raise ValueError(f'param_scheduler has an entry for {", ".join(strangers)}, which optim_wrapper has not: '
                             f'it has {", ".join(players)}.')
    check_foreign_parts(config)


def _check_batch(config: Config) -> None:
    """A batch may be split into equal parts, in a synthesizer's step; a segmentor's gathers those of several steps."""
    name = config.filename or 'The config'
    if 'generator' not in config.model:
        if config.get('micro_batch') is not None:
            raise ValueError(f'{name}: micro_batch={config.micro_batch}, which only synthesizers have: for a segmentor '
                             'set optim_wrapper.accumulative_counts, and batch_size to what fits.')
        return
    batch_size, images = config.train_dataloader.get('batch_size'), config.model.get('micro_batch')
    for player, wrapper in config.optim_wrapper.items():
        counts = wrapper.get('accumulative_counts') if isinstance(wrapper, dict) else None
        if counts is not None:
            raise ValueError(f'{name}: optim_wrapper.{player}.accumulative_counts={counts}: drop it, set batch_size '
                             'to all images of an update and micro_batch to those that fit in memory at once, such as '
                             'batch_size=16 and micro_batch=4.')
    if images is not None and batch_size and batch_size % images:
        raise ValueError(f'{name}: micro_batch={images} does not divide batch_size={batch_size}, the images of one '
                         'rank: the parts of a batch must be equal.')


def check_synthesizer(config: Config) -> None:
    """Raise a ValueError for a config of something else, such as a segmentor."""
    if 'generator' not in config.get('model', {}):
        raise ValueError(f'{config.filename} has no model.generator: it is of no synthesizer, as '
                         'semsynth::ecgan/ecgan_cityscapes.py is. Segmentors are trained by semsynth train_segmentor.')


def check_segmentor(config: Config) -> None:
    """Raise a ValueError for the config of a synthesizer."""
    if 'generator' in config.get('model', {}):
        raise ValueError(f'{config.filename} is of a synthesizer, which semsynth train trains, not of a segmentor, as '
                         'semsynth::segmentors/unet_toycity.py is.')


def build_runner(config: Config, *, work_dir: str | Path | None = None, resume: bool = False,
                 precision: str | None = None, launcher: str = 'none') -> Runner:
    """The runner that trains a config; arguments as of ``train``.

    Raises:
        ValueError: the launcher does not fit how this process was started, or a setting would lose checkpoints.
    """
    if get_device() == 'cpu':
        reuse_memory()
    config = load_config(config)
    newest = latest_good_checkpoint(work_dir_of(config, work_dir)) if resume else None
    if resume and not newest:
        config.resume = False
    config = complete(config, work_dir=work_dir, precision=precision, launcher=launcher, resume_from=newest)
    join_ranks(config, launcher)
    changes = check_same_run(config, newest) if newest else []
    runner = QuietRunner.from_cfg(config)
    for hook in (RunRecordHook(changes), StopHook(), OverviewHook()):
        runner.register_hook(hook)
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


def join_ranks(config: Config, launcher: str) -> None:
    """Join the other ranks of a run, once: by gloo on CPUs, by nccl on GPUs.

    Raises:
        ValueError: the launcher does not fit how this process was started.
    """
    ranks = int(os.environ.get('WORLD_SIZE', 1))
    if launcher == 'none':
        if ranks > 1:
            raise ValueError(f'{ranks} processes were started together: add --launcher pytorch.')
        return
    if launcher == 'pytorch' and 'RANK' not in os.environ:
        raise ValueError('--launcher pytorch needs torchrun: torchrun --nproc_per_node 2 -m semsynth train ...')
    if torch.cuda.is_available():
        gpus = torch.cuda.device_count()
        if int(os.environ.get('LOCAL_RANK', 0)) >= gpus:
            raise ValueError(f'There are more processes than GPUs: this machine has {gpus}; lower --nproc_per_node.')
        if not distributed.is_initialized():
            init_dist(launcher, **config.get('env_cfg', {}).get('dist_cfg', {}))
        return
    if launcher == 'slurm':
        raise ValueError('--launcher slurm needs GPUs; on CPUs use torchrun and --launcher pytorch.')
    if not distributed.is_initialized():
        distributed.init_process_group('gloo')  # mmengine's own start would ask for a GPU

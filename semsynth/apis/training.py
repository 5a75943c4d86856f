"""Training: of a synthesizer, and of an mmseg segmentor, the label generator of a loss or an evaluator's judge."""

from __future__ import annotations

from functools import partial
from io import BytesIO
from pathlib import Path

import torch
from mmengine.config import Config
from mmengine.runner import Runner
from torch import distributed

from semsynth.arguments import check_arguments
from semsynth.completion import work_dir_of
from semsynth.config import load_config, read_config
from semsynth.devices import check_precision
from semsynth.engine.launch import (
    build_runner,
    check_data,
    check_segmentor,
    check_trainable,
    checked_stages,
    join_ranks,
)
from semsynth.engine.overview import next_commands
from semsynth.engine.stages import train_stages
from semsynth.engine.stopping import stoppable
from semsynth.engine.work_folder import work_folder
from semsynth.layers.norm import mend_norms
from semsynth.layers.pointwise import take_strides_first
from semsynth.segmentors.config import path_of_config, published_weights
from semsynth.segmentors.mmseg_segmentor import build_network
from semsynth.writing import write_whole

SCORES = ('mIoU', 'aAcc')
FINAL = 'final.pth'
"""The weights of a trained segmentor, in its work dir."""


@check_arguments
def train(config: str | Path | Config, *, work_dir: str | Path | None = None, resume: bool = False,
          precision: str | None = None, launcher: str = 'none', cfg_options: dict | None = None) -> Runner:
    """Train.

    Args:
        config: path or config.
        work_dir: where logs, pictures and checkpoints go; by default the config's own, or ``work_dirs/NAME``.
        resume: continue from the work dir's newest whole checkpoint; without one, start. Otherwise a trained run
            that is in the work dir is set aside: the dir is renamed to ``NAME_before_TIME``.
        precision: ``'auto'``, ``'float32'`` or ``'bfloat16'``, in place of the config's own.
        launcher: ``'none'``, ``'pytorch'`` under torchrun, ``'slurm'`` under srun.
        cfg_options: entries of the config to override.

    Returns:
        The runner, its training done; the last one, where the config has stages.

    Raises:
        ValueError: the config, the data or the work dir cannot be used; or, with ``resume``, settings make it another
            run than the work dir's.
        OSError: the work dir cannot be written.
        Stopped: a ``SystemExit``, after SIGTERM or SIGINT, at the end of a step.
    """
    check_precision(precision or 'auto')
    config = read_config(config, cfg_options)
    folder = work_dir_of(config, work_dir)
    stages = checked_stages(config, folder)
    join_ranks(config, launcher)
    build = partial(build_runner, resume=resume, precision=precision, launcher=launcher)
    with work_folder(folder, stages, resume=resume), stoppable():
        if config.get('stages'):
            runner = train_stages(stages, folder, build, resume=resume)
        else:
            runner = build(stages[0], work_dir=folder)
            runner.train()
    if commands := next_commands(runner):
        runner.logger.info('\n'.join(['Training is done. Try next:', *(f'  {command}' for command in commands)]))
    if launcher != 'none':
        distributed.destroy_process_group()
    return runner


@check_arguments
def train_segmentor(config: str | Path | Config, *, work_dir: str | Path | None = None, resume: bool = False,
                    precision: str | None = None, cfg_options: dict | None = None) -> tuple[Path, dict[str, float]]:
    """Train a segmentor on one rank, validate it, and write the file that a ``Segmentor`` loads.

    Args:
        config: path or config of the kind in ``configs/segmentors``.
        work_dir: where logs and checkpoints go; by default ``work_dirs/NAME-OF-CONFIG``.
        resume: continue from the work dir's newest whole checkpoint; without one, start.
        precision: ``'auto'``, ``'float32'`` or ``'bfloat16'``, in place of the config's own.
        cfg_options: entries of the config to override.

    Returns:
        The file, ``work_dir/final.pth``, and its mIoU and pixel accuracy on the validation split, in percent.

    Raises:
        ValueError: the config, the data or the work dir cannot be used.
    """
    config = load_config(config, cfg_options)
    check_segmentor(config)
    check_trainable(config)
    check_data(config)
    build_network(config.model)  # once, before the folder is touched: what is wrong with it is told
    folder = work_dir_of(config, work_dir)
    with work_folder(folder, [config], resume=resume), stoppable():
        runner = build_runner(config, work_dir=folder, resume=resume, precision=precision)
        take_strides_first(runner.model)
        mend_norms(runner.model)
        runner.model.to(memory_format=torch.channels_last)  # bfloat16 gains little on a CPU without
        runner.train()
        if f'val/{SCORES[0]}' not in runner.message_hub.log_scalars:  # the run was cut off after its validation
            runner.val_loop.run()
        scores = {name: runner.message_hub.get_scalar(f'val/{name}').current() for name in SCORES}
        meta = dict(dataset_meta=runner.train_dataloader.dataset.metainfo, cfg=config.pretty_text, scores=scores)
        weights = BytesIO()
        torch.save(dict(state_dict=runner.model.state_dict(), meta=meta), weights)
        return write_whole(folder / FINAL, weights.getvalue()), scores


def usual_weights(config: str) -> str:
    """Where a segmentor's weights are that nobody names: what mmseg publishes, or ``train_segmentor`` has written.

    Args:
        config: a file, ``'mmseg::segformer/NAME.py'`` or ``'semsynth::segmentors/NAME.py'``.

    Returns:
        An address, or the path of a file that need not be there.

    Raises:
        FileNotFoundError: there is no such config.
    """
    return published_weights(config) or str(work_dir_of(Config.fromfile(path_of_config(config))) / FINAL)

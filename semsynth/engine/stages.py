"""Stages: one config, several runs, each of which starts from the weights of the one before."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable
from pathlib import Path
from typing import cast

from mmengine.config import Config
from mmengine.dist import barrier, is_main_process
from mmengine.optim import build_optim_wrapper
from mmengine.registry import DefaultScope
from mmengine.runner import Runner

from semsynth.completion import complete, saved_precision
from semsynth.engine.checkpoint import latest_good_checkpoint
from semsynth.engine.same_run import check_same_run
from semsynth.engine.work_folder import set_aside
from semsynth.registry import MODELS
from semsynth.writing import write_whole

FINISHED = 'finished'
"""File in a stage's folder, once it is trained to its end: the name of the checkpoint that the next one starts from."""


def check_last_is_saved(config: Config, whose: str, use: str) -> None:
    """Refuse a config whose training writes no checkpoint at its end.

    Args:
        config: of one stage.
        whose: begins the message.
        use: what happens to that checkpoint.

    Raises:
        ValueError: says what to set.
    """
    checkpoint = config.get('default_hooks', {}).get('checkpoint')
    if not checkpoint or checkpoint.get('by_epoch', True) or not checkpoint.get('save_last', True):
        raise ValueError(f'{whose}: default_hooks.checkpoint={checkpoint}, but {use} its last checkpoint; save it: '
                         "dict(type='CheckpointHook', by_epoch=False, ...).")


def check_stages(stages: list[Config]) -> None:
    """Check every stage before the first one is trained.

    Raises:
        ValueError: a stage would leave no checkpoint to go on from, or its model or optimisers cannot be built.
    """
    for number, stage in enumerate(stages, 1):
        check_last_is_saved(stage, f'Stage {number}', 'the next stage starts from')
        with DefaultScope.overwrite_default_scope('semsynth'):
            build_optim_wrapper(MODELS.build(stage.model), stage.optim_wrapper)


def train_stages(stages: list[Config], work_dir: Path, build: Callable[..., Runner], *, resume: bool) -> Runner:
    """Train one stage after another, each in ``work_dir/stage_N`` and from the weights of the one before.

    Args:
        stages: their configs.
        work_dir: the folder of all of them.
        build: ``build(config, work_dir=...)`` makes a runner, which resumes a stage that was cut off where it shall.
        resume: whether finished stages are skipped.

    Returns:
        The last stage's runner, its training done.
    """
    for number in range(1, len(stages)):
        folder = work_dir / f'stage_{number}'
        record = folder / FINISHED
        if not (resume and record.is_file()):
            _run(stages, number, work_dir, build)
            gc.collect()  # a runner and its loops refer to each other, and hold the network and the data workers
            if is_main_process():
                trained = cast(Path, latest_good_checkpoint(folder))  # which the stage has just written
                write_whole(record, trained.name.encode())
            barrier()
        else:
            _check_finished(stages[number - 1], number, folder / record.read_text())
        trained = folder / record.read_text()
        stages[number].merge_from_dict(dict(carry_from=str(trained), load_from=None))
        if stages[number].get('precision', 'auto') == 'auto':
            stages[number].precision = saved_precision(trained)  # what the run was begun in, wherever it goes on
    return _run(stages, len(stages), work_dir, build)


def _check_finished(stage: Config, number: int, checkpoint: Path) -> None:
    """Refuse settings that make another run of a finished stage, and name those that no longer change it."""
    late = [change for change in check_same_run(complete(stage, resume_from=checkpoint), checkpoint) if change.is_rate]
    if late and is_main_process():
        print(f'Stage {number} is finished: {"; ".join(map(str, late))} has no effect on it.', file=sys.stderr)


def _run(stages: list[Config], number: int, work_dir: Path, build: Callable[..., Runner]) -> Runner:
    runner = build(stages[number - 1], work_dir=work_dir / f'stage_{number}')
    runner.logger.info(f'Stage {number} of {len(stages)}')
    if not runner._resume and is_main_process():
        (work_dir / f'stage_{number}' / FINISHED).unlink(missing_ok=True)
        for later in range(number + 1, len(stages) + 1):  # what an earlier run left must not be resumed
            folder = work_dir / f'stage_{later}'
            if folder.is_dir():
                set_aside(folder)
    runner.train()
    return runner


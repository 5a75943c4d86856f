"""The record of a run: written when it starts and into its checkpoints, compared when it is resumed."""

from __future__ import annotations

import hashlib
import json
import socket
import time
import warnings
from collections.abc import Sequence
from pathlib import Path

import torch
from mmengine.dist import get_world_size, is_main_process
from mmengine.hooks import EMAHook, Hook
from mmengine.optim import OptimWrapperDict
from mmengine.runner import Runner

from semsynth.config import plain
from semsynth.data.scene_dataset import SceneDataset
from semsynth.engine.checkpoint import facts_of_losses
from semsynth.engine.same_run import COMPARED, Change, another_run
from semsynth.engine.wrapping import bare
from semsynth.writing import write_json

RECORD = 'run.json'
"""File in a work folder: settings and their hash, ranks and samples, and when and where the run was started."""
FACTS = dict(ranks='the number of ranks is another', samples='the training set has another number of samples',
             names='the samples of the training set have other names',
             label_generator='the label generator has other weights')
"""Facts that no config holds, and that must not change when a run is resumed."""


class RunRecordHook(Hook):
    """Writes ``run.json``; refuses to resume with other ranks, samples or label generator; makes rates follow.

    Where settings have changed from which learning rates follow, rates and schedules are those that training would have
    had at this iteration with the new ones from the start; moments and all else are the checkpoint's.

    Args:
        changes: settings that differ from the checkpoint's and are followed.
    """

    priority = 'HIGH'  # after the check that the weights fit

    def __init__(self, changes: Sequence[Change] = ()):
        self.changes = changes

    def before_train(self, runner: Runner) -> None:
        """Log which settings have changed, and write the record."""
        self.facts = _facts(runner)
        if self.changes:
            runner.logger.warning('Resumed with other settings, which are followed from here on:\n' +
                                  '\n'.join(f'  {change}' for change in self.changes))
        if is_main_process():
            path = Path(runner.work_dir, RECORD)
            settings = {key: plain(runner.cfg.get(key)) for key in COMPARED}
            start = dict(time=time.strftime('%Y-%m-%d %H:%M:%S'), host=socket.gethostname(), iteration=runner.iter,
                         torch=torch.__version__, changes=list(map(str, self.changes)))
            record = dict(config=_hash(settings), **self.facts, starts=[*_starts(path), start], settings=settings)
            write_json(path, record)

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Add the facts that no config holds to the checkpoint."""
        checkpoint['meta']['run'] = self.facts

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Refuse settings that make another run, and take over changed rates.

        Raises:
            ValueError: says what is different, and how to start anew from these weights.
        """
        if not runner._resume:
            return
        self._check_facts(runner, checkpoint['meta'])
        if 'ema_state_dict' in checkpoint and not any(isinstance(hook, EMAHook) for hook in runner.hooks):
            raise ValueError(another_run(
                runner._load_from, 'it averages weights, and default_hooks has no GeneratorEMAHook now', 'average'))
        if any(change.is_rate for change in self.changes):
            follow_rates(runner, checkpoint)

    def _check_facts(self, runner: Runner, meta: dict) -> None:
        saved = {**meta.get('run', {}), 'label_generator': meta.get('label_generator')}
        ours = {**_facts(runner), **facts_of_losses(bare(runner.model))}
        for fact, told in FACTS.items():
            if saved.get(fact) is not None and saved[fact] != ours[fact]:
                raise ValueError(another_run(
                    runner._load_from, f'{told} ({ours[fact]} instead of {saved[fact]})', fact))


def follow_rates(runner: Runner, checkpoint: dict) -> None:
    """Put the optimisers' numbers and the schedules of a runner's config, as of its iteration, into a checkpoint.

    Args:
        runner: its optimisers and schedules are built, and have not stepped.
        checkpoint: of a training; changed in place.
    """
    schedules = runner.param_schedulers
    each = schedules if isinstance(schedules, dict) else dict(all=schedules or [])
    with warnings.catch_warnings():
        warnings.filterwarnings('ignore', message='Detected call of `scheduler.step')
        for _ in range(checkpoint['meta']['iter']):  # schedules build on their own last value
            for scheduler in (scheduler for player in each.values() for scheduler in player):
                if not scheduler.by_epoch:
                    scheduler.step()
    if schedules is not None:
        states = {player: [scheduler.state_dict() for scheduler in its] for player, its in each.items()}
        checkpoint['param_schedulers'] = states if isinstance(schedules, dict) else states['all']
    wrapper, saved = runner.optim_wrapper, checkpoint['optimizer']
    pairs = [(own, saved[player]) for player, own in wrapper.items()] if isinstance(
        wrapper, OptimWrapperDict) else [(wrapper, saved)]
    for own, state in pairs:
        for group, kept in zip(own.param_groups, state['param_groups'], strict=True):
            kept.update({name: value for name, value in group.items() if name not in ('params', 'param_names')})


def _facts(runner: Runner) -> dict[str, int | str | None]:
    dataset = runner.train_dataloader.dataset
    names = None
    if isinstance(dataset, SceneDataset):
        names = _hash([dataset.get_data_info(index)['name'] for index in range(len(dataset))])
    return dict(ranks=get_world_size(), samples=len(dataset), names=names)


def _hash(value: object) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:16]


def _starts(path: Path) -> list[dict]:
    """Those that a record tells of; none where there is no record that can be read."""
    try:
        return list(json.loads(path.read_text(encoding='utf-8'))['starts'])
    except (OSError, ValueError, KeyError, TypeError):
        return []

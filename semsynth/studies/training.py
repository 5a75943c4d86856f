"""A training by another process, as its work folder shows it: stages, checkpoint, progress, speed."""

from __future__ import annotations

import json
import math
import statistics
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from mmengine.config import Config
from mmengine.registry import DefaultScope

from semsynth.config import stage_configs
from semsynth.engine.checkpoint import latest_good_checkpoint
from semsynth.registry import DATASETS


@dataclass
class Training:
    """A training and its work folder.

    Args:
        config: what is trained, with the batch size of all ranks together.
        folder: its work folder.
        ranks: processes that train it together and share the batch.
    """

    config: Config
    folder: Path
    ranks: int = 1

    @property
    def stages(self) -> list[Path]:
        """The folder of each stage; without stages, the one folder."""
        count = len(self.config.get('stages') or [])
        return [self.folder / f'stage_{number}' for number in range(1, count + 1)] or [self.folder]

    @property
    def checkpoint(self) -> Path | None:
        """The newest checkpoint of the last stage."""
        return latest_good_checkpoint(self.stages[-1])

    @cached_property
    def steps(self) -> int:
        """Number of steps of all stages."""
        return sum(_steps(stage, self.ranks) for stage in stage_configs(self.config))

    def progress(self) -> float:
        """The share of the steps that are logged."""
        return min(1, sum(map(last_step, self.stages)) / self.steps)

    def seconds_per_step(self) -> float | None:
        """Median over the intervals of the log; of the last stage.

        By images a second: a GPU is waited for once an interval, and a log's mean over the last steps may hold all of
        that wait, but not all of the steps.
        """
        batch_size = stage_configs(self.config)[-1].train_dataloader.batch_size
        times = [batch_size / entry['images_per_second'] for entry in log_entries(self.stages[-1])
                 if 'images_per_second' in entry]  # else it is of a validation
        return statistics.median(times) if times else None


def log_entries(folder: Path) -> list[dict[str, Any]]:
    """What a training has logged in its folder, in all of its starts."""
    lines = [line for path in folder.glob('*/vis_data/scalars.json')
             for line in path.read_text(encoding='utf-8').splitlines()]
    return [json.loads(line) for line in lines if line.endswith('}')]  # else it is being written, or was cut off


def last_step(folder: Path) -> int:
    """The last step that a training has logged in its folder; 0 before the first."""
    return max((entry.get('step', 0) for entry in log_entries(folder)), default=0)


def _steps(stage: Config, ranks: int) -> int:
    """Steps of a stage; where it counts epochs, each is a pass over its data set."""
    if stage.train_cfg.get('max_iters') is not None:
        return stage.train_cfg.max_iters
    loader = stage.train_dataloader
    with DefaultScope.overwrite_default_scope('semsynth'):
        samples = math.ceil(len(DATASETS.build(loader.dataset)) / ranks)
    batches = samples / (loader.batch_size // ranks)
    return stage.train_cfg.max_epochs * max(1, math.floor(batches) if loader.get('drop_last') else math.ceil(batches))

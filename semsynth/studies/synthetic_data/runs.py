"""What a study works on, one process after another: the generator, the synthetic data, and each training."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mmengine.config import Config

from semsynth.config import stage_configs
from semsynth.engine.checkpoint import latest_good_checkpoint
from semsynth.studies.processes import COMMAND
from semsynth.writing import write_whole


@dataclass
class Work:
    """One piece of work of a study, done by commands; it is done once there is its ``result.json``.

    Args:
        title: its name in messages.
        folder: its own; its config stands beside it.
        config: that it trains; None where it trains nothing.
        precision: of training, in place of the config's own.
    """

    title: str
    folder: Path
    config: Config | None = None
    precision: str | None = None
    ranks: int = 1
    begun: float = field(default=0, init=False)

    @property
    def settings(self) -> Path:
        """The file of its config."""
        return self.folder.with_suffix('.py')

    @property
    def log(self) -> Path:
        """The file that its commands' output goes to."""
        return self.folder.with_suffix('.log')

    @property
    def result(self) -> dict[str, Any] | None:
        """What came of it, once it is done."""
        path = self.folder / 'result.json'
        return json.loads(path.read_text(encoding='utf-8')) if path.is_file() else None

    def commands(self) -> Iterator[list[str]]:
        """The arguments of Python of one process after another."""
        raise NotImplementedError

    def outcome(self) -> dict[str, Any]:
        """What is written into ``result.json``."""
        raise NotImplementedError

    def write_result(self) -> None:
        """Write ``result.json``, from which on the work counts as done."""
        content = self.outcome() | dict(seconds=round(time.monotonic() - self.begun, 1))
        write_whole(self.folder / 'result.json', (json.dumps(content, indent=2) + '\n').encode())

    def progress(self) -> float:
        """The share of the steps that are logged."""
        return 0.0

    def _write_config(self) -> str:
        self.begun = time.monotonic()
        if self.config is not None and not self.settings.is_file():
            write_whole(self.settings, self.config.pretty_text.encode())
        return str(self.settings)

    @property
    def _precision(self) -> list[str]:
        return ['--precision', self.precision] if self.precision else []


class GeneratorWork(Work):
    """The training of the synthesizer."""

    @property
    def checkpoint(self) -> Path | None:
        """The newest checkpoint of the last stage."""
        count = len(self.config.get('stages') or ()) if self.config is not None else 0
        return latest_good_checkpoint(self.folder / f'stage_{count}' if count else self.folder)

    def commands(self) -> Iterator[list[str]]:
        """Train."""
        yield [*COMMAND, 'train', self._write_config(), '--work-dir', str(self.folder), '--resume', *self._precision]

    def outcome(self) -> dict[str, Any]:
        """Its checkpoint."""
        return dict(checkpoint=str(self.checkpoint))

    def progress(self) -> float:
        """The share of the steps that are logged; of stages, those of the last count."""
        if self.config is None:
            return 0.0
        steps = stage_configs(self.config)[-1].train_cfg.get('max_iters')
        return min(1, max(map(logged, [self.folder, *self.folder.glob('stage_*')])) / steps) if steps else 0.0


@dataclass
class DataWork(Work):
    """The making of the synthetic data.

    Args:
        model: config and weights of the generator, as the commands take them.
        options: of ``semsynth synthetic-data``.
        encodes: whether styles are encoded first, of a generator that has some.
    """

    model: Sequence[str] = ()
    options: Sequence[str] = ()
    encodes: bool = False

    @property
    def data(self) -> Path:
        """The folder of the data set."""
        return self.folder / 'scenes'

    def commands(self) -> Iterator[list[str]]:
        """Encode the styles of a generator that has some, and make it."""
        self._write_config()
        styles: list[str] = []
        if self.encodes:
            file = str(self.folder / 'styles.npz')
            yield [*COMMAND, 'encode_styles', *self.model, '--out', file]
            styles = ['--styles', file]
        yield [*COMMAND, 'synthetic_data', *self.model, *styles, *self.options, '--out', str(self.data)]

    def outcome(self) -> dict[str, Any]:
        """Where it is."""
        return dict(data=str(self.data))


@dataclass
class ArmWork(Work):
    """One training of a segmentor.

    Args:
        arm: what it learns from.
        seed: of the training.
        steps: their number.
    """

    arm: str = ''
    seed: int = 0
    steps: int = 0

    @property
    def scores(self) -> Path:
        """The file of its scores on the real validation photos."""
        return scores_of(self.folder)

    @property
    def weights(self) -> Path:
        """Its weights, once it is done."""
        return self.folder / 'final.pth'

    def commands(self) -> Iterator[list[str]]:
        """Train, and validate."""
        yield [*COMMAND, 'train_segmentor', self._write_config(), '--work-dir', str(self.folder), '--resume',
               *self._precision]

    def outcome(self) -> dict[str, Any]:
        """Its scores."""
        scores = json.loads(self.scores.read_text(encoding='utf-8'))
        return dict(arm=self.arm, seed=self.seed, steps=self.steps, **scores)

    def progress(self) -> float:
        """The share of the steps that are logged."""
        return min(1, logged(self.folder) / self.steps)


def scores_of(folder: Path) -> Path:
    """The file of the scores of a training in a folder."""
    return folder / 'scores.json'


def logged(folder: Path) -> int:
    """The last step that a training in a folder has logged; 0 before the first."""
    steps = [0]
    for path in folder.glob('*/vis_data/scalars.json'):
        lines = [line for line in path.read_text(encoding='utf-8').splitlines() if line.endswith('}')]
        steps += [json.loads(line).get('step', 0) for line in lines[-1:]]  # a line is being written, or was cut off
    return max(steps)

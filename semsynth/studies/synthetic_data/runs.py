"""What a study works on, one process after another: the generator, the synthetic data, and each training."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from mmengine.config import Config

from semsynth.studies.processes import COMMAND
from semsynth.studies.training import Training
from semsynth.writing import write_json, write_whole


@dataclass
class Work:
    """One piece of work of a study, done by commands; it is done once there is its ``result.json``.

    Args:
        title: its name in messages.
        folder: its own; its config stands beside it.
        precision: of training, in place of the config's own.
        config: that it trains; None where it trains nothing.
    """

    title: str
    folder: Path
    precision: str | None = None
    config: Config | None = None
    ranks: int = field(default=1, init=False)
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
        """The arguments of Python of one process after another, each made when the one before is done."""
        self.begun = time.monotonic()
        yield from self.steps_of_work()

    def steps_of_work(self) -> Iterator[list[str]]:
        """The same, without the clock."""
        raise NotImplementedError

    def outcome(self) -> dict[str, Any]:
        """What is written into ``result.json``."""
        raise NotImplementedError

    def write_result(self) -> None:
        """Write ``result.json``, from which on the work counts as done."""
        write_json(self.folder / 'result.json',
                   self.outcome() | dict(seconds=round(time.monotonic() - self.begun, 1)))

    def progress(self) -> float:
        """The share of its training's steps that are logged; 0 where it trains nothing."""
        return 0.0 if self.training is None else self.training.progress()

    @cached_property
    def training(self) -> Training | None:
        """Its training, as its folder shows it; None where it trains nothing."""
        return None if self.config is None else Training(self.config, self.folder)

    def write_config(self) -> str:
        """Write the file of its config where there is none; its path, as commands take it."""
        if self.config is not None and not self.settings.is_file():
            write_whole(self.settings, self.config.pretty_text.encode())
        return str(self.settings)

    def _train(self, subcommand: str) -> list[str]:
        """The command that trains its config."""
        precision = ['--precision', self.precision] if self.precision else []
        return [*COMMAND, subcommand, self.write_config(), '--work-dir', str(self.folder), '--resume', *precision]


class GeneratorWork(Work):
    """The training of the synthesizer."""

    def steps_of_work(self) -> Iterator[list[str]]:
        """Train."""
        yield self._train('train')

    def outcome(self) -> dict[str, Any]:
        """Its checkpoint."""
        return dict(checkpoint=str(self.training and self.training.checkpoint))


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

    def steps_of_work(self) -> Iterator[list[str]]:
        """Encode the styles of a generator that has some, and make it."""
        styles: list[str] = []
        if self.encodes:
            file = str(self.folder / 'styles.npz')
            yield [*COMMAND, 'encode_styles', *self.model, '--out', file]
            styles = ['--styles', file]
        yield [*COMMAND, 'synthetic_data', *self.model, *styles, *self.options, '--out', str(self.data)]

    def outcome(self) -> dict[str, Any]:
        """Where it is."""
        return dict(data=str(self.data))


@dataclass(kw_only=True)
class ArmWork(Work):
    """One training of a segmentor.

    Args:
        arm: what it learns from.
        seed: of the training.
        steps: their number.
    """

    arm: str
    seed: int
    steps: int

    @property
    def scores(self) -> Path:
        """The file of its scores on the real validation photos."""
        return scores_of(self.folder)

    @property
    def weights(self) -> Path:
        """Its weights, once it is done."""
        return self.folder / 'final.pth'

    def steps_of_work(self) -> Iterator[list[str]]:
        """Train, and validate."""
        yield self._train('train_segmentor')

    def outcome(self) -> dict[str, Any]:
        """Its scores."""
        scores = json.loads(self.scores.read_text(encoding='utf-8'))
        return dict(arm=self.arm, seed=self.seed, steps=self.steps, **scores)


def scores_of(folder: Path) -> Path:
    """The file of the scores of a training in a folder."""
    return folder / 'scores.json'

"""Run: one row of an ablation with one seed. Its folder, its commands, its result."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import cast

from mmengine.config import Config
from mmengine.device import get_device

from semsynth.config import stage_configs
from semsynth.devices import resolve_precision
from semsynth.studies.ablation.plan import config_differences
from semsynth.studies.ablation.rows import Row
from semsynth.studies.machine import machine
from semsynth.studies.processes import COMMAND
from semsynth.studies.training import Training
from semsynth.writing import write_json, write_whole

BATCH_SIZE = 'train_dataloader.batch_size'
TORCHRUN = ('-m', 'torch.distributed.run', '--standalone', '--nproc_per_node')
"""Arguments of Python that start several ranks, up to their number."""


@dataclass
class Run:
    """One row with one seed.

    Args:
        row: what is trained.
        seed: of weights, order of the scenes and draws.
        folder: for checkpoints, log and results.
        ranks: processes that train it together, on a GPU each where there are some; they share the batch.
        kept: a file for its result alone, in a folder that outlives the run's own, such as one of a repository; or
            None.
    """

    row: Row
    seed: int
    folder: Path
    ranks: int = 1
    kept: Path | None = None

    @property
    def title(self) -> str:
        """Its name in messages."""
        return f'{self.row.title}, seed {self.seed}'

    @property
    def settings(self) -> Path:
        """Its whole config, with seed and options: what is trained, and what a later start is compared with."""
        return self.folder.with_suffix('.py')

    @property
    def log(self) -> Path:
        """The file that its commands' output goes to."""
        return self.folder / 'ablate.log'

    @property
    def result(self) -> dict | None:
        """Scores, steps and time of a step, once it is done: of its own folder, or the one that was kept."""
        for path in (self.folder / 'result.json', self.kept):
            if path and path.is_file():
                return json.loads(path.read_text(encoding='utf-8'))
        return None

    @property
    def has_other_settings(self) -> bool:
        """Whether the result that was kept is of other settings than its row has now."""
        if not self.kept or not self.kept.is_file():
            return False
        return json.loads(self.kept.read_text(encoding='utf-8')).get('settings') != self.row.settings_hash

    @cached_property
    def training(self) -> Training:
        """Its training, as its folder shows it."""
        return Training(self.row.config, self.folder, self.ranks)

    @property
    def whole_config(self) -> Config:
        """The row's, with the seed, the precision, a rank's share of the batch, and a note of what is no part of a
        config."""
        config = Config({key: value for key, value in self.row.config.to_dict().items() if key != 'row'})
        config.merge_from_dict({'randomness.seed': self.seed, 'precision': self.precision,
                                'ablation': dict(row=self.row.name)})
        if self.ranks > 1:
            config.ablation.gpus_per_run = self.ranks
            shares = [stage.train_dataloader.batch_size // self.ranks for stage in stage_configs(self.row.config)]
            if config.get('stages'):
                for stage, share in zip(config.stages, shares, strict=True):
                    stage.pop(BATCH_SIZE, None)
                    stage[BATCH_SIZE] = share  # the last entry, which no other one overrides
            else:
                config.merge_from_dict({BATCH_SIZE: shares[0]})
        return config

    @property
    def precision(self) -> str:
        """Of its training: the config's; where that is ``'auto'``, what it was begun in, or what suits the device."""
        asked = self.row.config.get('precision', 'auto')
        if asked == 'auto' and self._begun:
            return self._begun['precision']
        return resolve_precision(asked, get_device())

    @property
    def _begun(self) -> dict:
        """The settings that the run was begun with; empty before."""
        if not self.settings.is_file():
            return {}
        begun = Config.fromfile(self.settings).to_dict()
        if 'amp' in begun['ablation']:  # what older runs have in the place of precision
            begun['precision'] = 'bfloat16' if begun['ablation'].pop('amp') else 'float32'
        return begun

    def check_settings(self) -> None:
        """Refuse to continue a run that was begun with other settings.

        Raises:
            ValueError: says which.
        """
        if self._begun and (found := config_differences(self._begun, self.whole_config.to_dict())):
            key, one, other = found[0]
            raise ValueError(f'{self.folder} was begun with other settings ({key}={one}, now {other}): give the same '
                             'configs and options again, another --out, or remove that folder and '
                             f'{self.settings.name} beside it.')
        if self.has_other_settings:
            raise ValueError(f'{self.kept} is the result of other settings than {self.row.name}.py has now: give the '
                             'same configs and options again, another folder for --results, or remove that file.')

    def write_settings(self) -> None:
        """Write the file that is trained, where there is none."""
        if not self.settings.is_file():
            write_whole(self.settings, self.whole_config.pretty_text.encode())

    def commands(self, scenes: Sequence[str]) -> Iterator[list[str]]:
        """Train, encode the styles of a row that has some, judge, synthesise the scenes; each is made when the one
        before is done. All but training is done by one process."""
        config, folder = str(self.settings), str(self.folder)
        train = [*COMMAND, 'train', config, '--work-dir', folder, '--resume', '--precision', self.precision]
        yield train if self.ranks == 1 else [*TORCHRUN, str(self.ranks), *train, '--launcher', 'pytorch']
        trained = self._trained()
        checkpoint, styles = str(trained), []
        if self.row.has_styles:
            file = f'{folder}/styles.npz'
            yield [*COMMAND, 'encode_styles', config, checkpoint, '--seed', str(self.seed), '--out', file]
            styles = ['--styles', file]
        yield [*COMMAND, 'test', config, checkpoint, '--out', f'{folder}/results_{trained.stem}.json',
               *styles]
        if scenes:
            yield [*COMMAND, 'synthesize', config, checkpoint, *scenes, '--out', f'{folder}/scenes', *styles]

    def write_result(self, jobs: int) -> None:
        """Write ``result.json``, from which on the run counts as done, and the copy that is kept."""
        path = self.folder / f'results_{self._trained().stem}.json'
        report = json.loads(path.read_text(encoding='utf-8'))
        result = dict(
            scores=report['scores'], titles=report.get('titles', {}), judge=report['judge'],
            judges=[dict(type=each['type'], protocol=each['protocol'].get('name'),
                         weights=each['protocol'].get('weights_hash')) for each in report.get('evaluators', [])],
            steps=report['iterations'], seconds_per_step=self.training.seconds_per_step(), jobs=jobs, ranks=self.ranks,
            checkpoint=str(self._trained()), device=report['device'], row=self.row.name, seed=self.seed,
            settings=self.row.settings_hash, precision=self.precision, parameters=self.row.parameters,
            machine=machine())
        write_json(self.folder / 'result.json', result)
        self.keep_result()

    def keep_result(self) -> None:
        """Write the copy of its result that is kept, without what stands in its own folder; where it has both."""
        if self.kept and (self.folder / 'result.json').is_file():
            facts = dict(row=self.row.name, seed=self.seed, settings=self.row.settings_hash)  # older ones lack them
            result = {**facts, **{key: value for key, value in (self.result or {}).items() if key != 'checkpoint'}}
            write_json(self.kept, result)

    def _trained(self) -> Path:
        return cast(Path, self.training.checkpoint)  # training ended with exit code 0, which it does after it has saved

    def progress(self) -> float:
        """The share of the steps that are logged."""
        return self.training.progress()

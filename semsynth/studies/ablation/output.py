"""What an ablation writes when one run more is done: tables, chart and strip."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from semsynth.studies.ablation.chart import chart
from semsynth.studies.ablation.pictures import Scenes
from semsynth.studies.ablation.rows import Row
from semsynth.studies.ablation.run import Run
from semsynth.studies.ablation.table import Ablation, Line, markdown, rows_that_lack, table
from semsynth.studies.command import command_line
from semsynth.writing import write_png, write_whole


@dataclass(frozen=True)
class Command:
    """The command line of an ablation; the arguments are those of ``ablate``."""

    folder: str | Path
    seeds: Sequence[int]
    jobs: int = 1
    out: Path | None = None
    precision: str | None = None
    gpus_per_run: int = 1
    allow_unequal: bool = False
    cfg_options: dict | None = None
    rows: Sequence[str] | None = None
    results: str | Path | None = None

    def __str__(self) -> str:
        return command_line(
            'ablate', self.folder, rows=self.rows, jobs=self.jobs, seeds=self.seeds, out=self.out,
            precision=self.precision, gpus_per_run=self.gpus_per_run if self.gpus_per_run > 1 else None,
            allow_unequal=self.allow_unequal, results=self.results, cfg_options=self.cfg_options)


@dataclass
class Output:
    """The tables of an ablation as far as it is done.

    Args:
        name: the folder's.
        rows: all rows of the table, those without a config included.
        runs: of the others, with each seed.
        command: that was given.
    """

    name: str
    rows: Sequence[Row]
    runs: Sequence[Run]
    command: Command

    def write(self, out: Path, scenes: Scenes) -> None:
        """Write ``table.md``, ``table.csv``, ``chart.png`` and ``strip.png``."""
        done = [[run for run in self.runs if run.row is row and run.result] for row in self.rows if not row.left_out]
        titles = [row.title for row in self.rows if not row.left_out]
        write_png(out / 'strip.png', scenes.strip(titles, [next(iter(its), None) for its in done]))
        ablation = self._ablation(self.command)
        write_whole(out / 'chart.png', chart(ablation))
        write_whole(out / 'table.csv', table(ablation).encode())
        write_whole(out / 'table.md', markdown(ablation, pictures=True).encode())

    def write_kept(self, results: Path, only_there: bool = False) -> str:
        """Write ``table.md`` and ``table.csv`` without pictures, and without a place on this machine.

        Args:
            results: folder.
            only_there: write nothing where there is no such folder.

        Returns:
            The text of ``table.md``.
        """
        ablation = self._ablation(replace(self.command, out=None, results=results))
        text = markdown(ablation)
        if results.is_dir() or not only_there:
            write_whole(results / 'table.csv', table(ablation).encode())
            write_whole(results / 'table.md', text.encode())
        return text

    def _ablation(self, command: Command) -> Ablation:
        results = {row.name: {run.seed: run.result or {} for run in self.runs if run.row is row and run.result}
                   for row in self.rows}
        seeds = sorted({run.seed for run in self.runs})
        lines = [Line(row, results[row.name]) for row in self.rows]
        trained = [row for row in self.rows if not row.left_out]
        return Ablation(
            self.name, lines, seeds, str(command),
            {lacking: str(replace(command, rows=None if rows == trained else [row.name for row in rows], seeds=lacking))
             for lacking, rows in rows_that_lack(lines, seeds).items()},
            [run.title for run in self.runs if run.has_other_settings])

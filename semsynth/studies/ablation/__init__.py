"""Ablations: every config of a folder trained and judged under equal conditions, and a table of them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from rich.console import Console

from semsynth.config_files import find_config
from semsynth.engine.work_folder import locked
from semsynth.scores import is_oracle
from semsynth.studies.ablation.output import Command, Output
from semsynth.studies.ablation.pictures import Scenes
from semsynth.studies.ablation.plan import check_batches, check_conditions, check_rows
from semsynth.studies.ablation.rows import Row, read_rows
from semsynth.studies.ablation.run import Run
from semsynth.studies.jobs import check_numbers, run_all
from semsynth.writing import check_out_folder

__all__ = ['ablate', 'tabulate']


def ablate(folder: str | Path, *, jobs: int = 1, seeds: Sequence[int] = (0,),
           out: str | Path | None = None, precision: str | None = None, gpus_per_run: int = 1,
           allow_unequal: bool = False, cfg_options: dict | None = None, rows: Sequence[str] | None = None,
           results: str | Path | None = None) -> list[str]:
    """Train and judge every config of a folder under equal conditions, and write ``table.md`` and what it shows.

    What is done is skipped, and what was cut off is resumed. The table is written anew after each run.

    Args:
        folder: of the configs, or its name; see ``read_rows``.
        jobs: how many runs at once.
        seeds: every config is trained with each of them.
        out: folder for all; by default ``work_dirs/ablations/NAME-OF-FOLDER``.
        precision: of training, ``'auto'``, ``'float32'`` or ``'bfloat16'``, in place of the configs' own.
        gpus_per_run: ranks that train a run together, by torchrun, on a GPU each; on a machine without any they are
            processes on its CPU. They share the batch, whose total stays.
        allow_unequal: have the table say in which conditions rows differ, instead of refusing them.
        cfg_options: entries of every config to override.
        rows: names of the configs to train, all by default; the other rows stand in the table as far as they are done.
        results: folder that outlives ``out``, such as one of a repository: the result of each run is kept there as a
            small JSON, beside a table of them all. A run whose result is there counts as done.

    Returns:
        The runs that failed, by title.

    Raises:
        ValueError: before any training: conditions differ, a judge is a row's label generator, a run was begun with
            other settings or its kept result is of other ones, another ablation works in that folder, there are fewer
            GPUs than a run is to have, or they cannot share the batch; there is no such row; or there is nothing to do.
        FileNotFoundError: there is no such folder, or weights are missing.
    """
    check_numbers(jobs, seeds)
    gpus = torch.cuda.device_count()
    if gpus_per_run < 1 or (gpus and gpus_per_run > gpus):
        most = f', and at most {gpus}, as many GPUs as there are' if gpus else ''
        raise ValueError(f'gpus_per_run={gpus_per_run}: expected at least 1{most}.')
    console = Console(highlight=False)
    out = check_out_folder(out or Path('work_dirs', 'ablations', _name(folder)), [find_config(folder)])
    kept = None if results is None else check_out_folder(results, [find_config(folder)])
    with console.status('Checking that all rows have equal conditions, and judges of their own'):
        every, trained = _read(folder, precision, cfg_options, allow_unequal)
        chosen = _chosen(trained, rows)
        check_batches(chosen, gpus_per_run)
        check_rows(chosen)
        scenes = Scenes(trained[0].config)
    runs = _runs(trained, seeds, out, gpus_per_run, kept)
    ours = [run for run in runs if run.seed in seeds and any(run.row is row for row in chosen)]
    output = Output(_name(folder), every, runs, Command(
        folder, seeds, jobs, out, precision, gpus_per_run, allow_unequal, cfg_options, rows, results))

    def write() -> None:
        output.write(out, scenes)
        if kept:
            output.write_kept(kept)

    def report(run: Run) -> None:
        run.write_result(jobs)
        result = run.result or {}
        scores = [f'{result.get("titles", {}).get(key, key)} {value:.4g}' for key, value in result['scores'].items()
                  if not is_oracle(key)]
        console.print(f'{run.title}: {", ".join(scores)}', soft_wrap=True)
        write()

    with locked(out, 'ablation', 'wait for it, or give another --out'):
        for run in ours:
            run.check_settings()
        for run in ours:
            run.write_settings()
            run.keep_result()
        write()
        console.print(f'{sum(bool(run.result) for run in ours)} of {len(ours)} runs are done; the table after each: '
                      f'{(kept or out) / "table.md"}', soft_wrap=True)
        failed = run_all(ours, lambda run: run.commands(scenes.of(run.row)), jobs=jobs, console=console,
                         when_done=report)
        console.print((out / 'table.md').read_text(encoding='utf-8'), markup=False, soft_wrap=True)
    return [run.title for run in failed]


def tabulate(folder: str | Path, results: str | Path, *, seeds: Sequence[int] = (0,), precision: str | None = None,
             allow_unequal: bool = False, cfg_options: dict | None = None) -> str:
    """Write the table of the results that ``ablate`` kept; what is not there is 'not run', with its command.

    Neither data nor weights are needed. Where there is no folder of results yet, nothing is written. The other
    arguments are those of ``ablate``.

    Args:
        folder: of the configs, or its name.
        results: folder of the results, and for the table.
        seeds: that every row is to be trained with; those of the results are added.
        precision: as given to ``ablate``.
        allow_unequal: as given to ``ablate``.
        cfg_options: as given to ``ablate``.

    Returns:
        The table's text.

    Raises:
        ValueError: as of ``ablate``.
        FileNotFoundError: there is no such folder of configs.
    """
    check_numbers(1, seeds)
    kept = check_out_folder(results, [find_config(folder)])
    every, trained = _read(folder, precision, cfg_options, allow_unequal)
    runs = _runs(trained, seeds, kept, 1, kept)
    command = Command(folder, seeds, precision=precision, allow_unequal=allow_unequal, cfg_options=cfg_options)
    return Output(_name(folder), every, runs, command).write_kept(kept, only_there=True)


def _name(folder: str | Path) -> str:
    return find_config(folder).resolve().name


def _read(folder: str | Path, precision: str | None, cfg_options: dict | None,
          allow_unequal: bool) -> tuple[list[Row], list[Row]]:
    """All rows of the table, and those with a config, whose conditions are compared."""
    every = read_rows(folder, {**(cfg_options or {}), **(dict(precision=precision) if precision else {})})
    trained = [row for row in every if not row.left_out]
    check_conditions(trained, allow_unequal)
    return every, trained


def _chosen(rows: Sequence[Row], names: Sequence[str] | None) -> list[Row]:
    if strangers := set(names or ()) - {row.name for row in rows}:
        raise ValueError(f'There is no row {", ".join(sorted(strangers))}: rows are {", ".join(r.name for r in rows)}.')
    return [row for row in rows if names is None or row.name in names]


def _runs(rows: Sequence[Row], seeds: Sequence[int], out: Path, ranks: int, kept: Path | None) -> list[Run]:
    """By seed first, so that there soon is one of each row; those asked for, and those whose results were kept."""
    names = {path.stem.removeprefix('seed_') for row in rows for path in (kept / row.name).glob('seed_*.json')
             } if kept else set()
    found = {int(name) for name in names if name.isdecimal()}  # others are somebody's own
    return [Run(row, seed, out / row.name / f'seed_{seed}', ranks, kept and kept / row.name / f'seed_{seed}.json')
            for seed in [*seeds, *sorted(found - set(seeds))] for row in rows]

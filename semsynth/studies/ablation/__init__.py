"""Ablations: every config of a folder trained and judged under equal conditions, and a table of them."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import torch
from rich.console import Console

from semsynth.config_files import find_config
from semsynth.engine.work_folder import locked
from semsynth.studies.ablation.jobs import run_all
from semsynth.studies.ablation.pictures import Scenes
from semsynth.studies.ablation.plan import check_batches, check_conditions, check_rows, read_rows
from semsynth.studies.ablation.run import Run
from semsynth.studies.ablation.table import Ablation, Line, chart, markdown, table
from semsynth.writing import check_out_folder, write_png, write_whole

__all__ = ['ablate']


def ablate(folder: str | Path, *, jobs: int = 1, seeds: Sequence[int] = (0,),
           out: str | Path | None = None, precision: str | None = None, gpus_per_run: int = 1,
           allow_unequal: bool = False, cfg_options: dict | None = None) -> list[str]:
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

    Returns:
        The runs that failed, by title.

    Raises:
        ValueError: before any training: conditions differ, a judge is a row's label generator, a run was begun with
            other settings, another ablation works in that folder, there are fewer GPUs than a run is to have, or they
            cannot share the batch; or there is nothing to do.
        FileNotFoundError: there is no such folder, or weights are missing.
    """
    if jobs < 1 or not seeds or min(seeds) < 0 or len(set(seeds)) < len(seeds):
        raise ValueError(f'jobs={jobs}, seeds={list(seeds)}: expected at least one of each, and seeds from 0 on, every '
                         'one once.')
    gpus = torch.cuda.device_count()
    if gpus_per_run < 1 or (gpus and gpus_per_run > gpus):
        most = f', and at most {gpus}, as many GPUs as there are' if gpus else ''
        raise ValueError(f'gpus_per_run={gpus_per_run}: expected at least 1{most}.')
    console = Console(highlight=False)
    name = find_config(folder).resolve().name
    out = check_out_folder(out or Path('work_dirs', 'ablations', name), [find_config(folder)])
    with console.status('Checking that all rows have equal conditions, and judges of their own'):
        rows = read_rows(folder, {**(cfg_options or {}), **(dict(precision=precision) if precision else {})})
        check_conditions(rows, allow_unequal)
        check_batches(rows, gpus_per_run)
        check_rows(rows)
        scenes = Scenes(rows[0].config)
    # by seed first, so that there soon is one of each row
    runs = [Run(row, seed, out / row.name / f'seed_{seed}', gpus_per_run) for seed in seeds for row in rows]
    command = _command(folder, jobs, seeds, out, precision, gpus_per_run, allow_unequal, cfg_options)
    write = partial(_write, name, runs, scenes, out, command)

    def report(run: Run) -> None:
        run.write_result(jobs)
        result = run.result or {}
        scores = [f'{result.get("titles", {}).get(key, key)} {value:.4g}' for key, value in result['scores'].items()
                  if 'oracle_' not in key]
        console.print(f'{run.title}: {", ".join(scores)}', soft_wrap=True)
        write()

    with locked(out, 'ablation', 'wait for it, or give another --out'):
        for run in runs:
            run.check_settings()
        for run in runs:
            run.write_settings()
        write()
        console.print(f'{sum(bool(run.result) for run in runs)} of {len(runs)} runs are done; the table after each: '
                      f'{out / "table.md"}', soft_wrap=True)
        failed = run_all(runs, lambda run: run.commands(scenes.of(run.row)), jobs=jobs, console=console,
                         when_done=report)
        console.print((out / 'table.md').read_text(encoding='utf-8'), markup=False, soft_wrap=True)
    return [run.title for run in failed]


def _command(folder: str | Path, jobs: int, seeds: Sequence[int], out: Path, precision: str | None, gpus_per_run: int,
             allow_unequal: bool, cfg_options: dict | None) -> str:
    options = [f'{key}={value}' for key, value in (cfg_options or {}).items()]
    return shlex.join(['semsynth', 'ablate', str(folder), '--jobs', str(jobs), '--seeds', *map(str, seeds),
                       '--out', str(out), *(['--precision', precision] if precision else []),
                       *(['--gpus-per-run', str(gpus_per_run)] if gpus_per_run > 1 else []),
                       *['--allow-unequal'] * allow_unequal, *(['--cfg-options', *options] if options else [])])


def _write(name: str, runs: Sequence[Run], scenes: Scenes, out: Path, command: str) -> None:
    rows = list({run.row.name: run.row for run in runs}.values())
    done = [{run.seed: run for run in runs if run.row is row and run.result} for row in rows]
    lines = [Line(row, {seed: run.result or {} for seed, run in its.items()})
             for row, its in zip(rows, done, strict=True)]
    ablation = Ablation(name, lines, list(dict.fromkeys(run.seed for run in runs)), command)
    strip = scenes.strip([row.title for row in rows], [next(iter(its.values()), None) for its in done])
    write_png(out / 'strip.png', strip)
    write_whole(out / 'chart.png', chart(ablation))
    write_whole(out / 'table.csv', table(ablation).encode())
    write_whole(out / 'table.md', markdown(ablation).encode())

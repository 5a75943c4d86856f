"""Several runs at a time: each is a sequence of processes that log into a file and end with their parent."""

from __future__ import annotations

import shlex
import subprocess
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from itertools import takewhile
from pathlib import Path
from typing import Generic, Protocol, TypeVar

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from semsynth.studies.processes import share, sigterm_unwinds, start, stop

LAST_LINES = 15
POLL_SECONDS = 1
PROMPT = '$ python '
"""The beginning of the lines in the log that hold a command."""
RANKS_REPORT = 'torch/distributed/elastic/'
"""In the lines that torchrun itself logs, after what its ranks have said: that one failed, and its own traceback."""


class Task(Protocol):
    """What processes can work on: a run of an ablation, or a piece of work of another study."""

    ranks: int
    """Processes that each of its commands starts."""

    @property
    def title(self) -> str:
        """Its name in messages."""

    @property
    def settings(self) -> Path:
        """The file that its commands read, by which messages name them."""

    @property
    def log(self) -> Path:
        """The file that its commands' output goes to."""

    @property
    def result(self) -> dict | None:
        """What came of it; None before it is done."""

    def progress(self) -> float:
        """The share that is done."""


Kind = TypeVar('Kind', bound=Task)


class Job(Generic[Kind]):
    """The commands of a run, one process after another.

    Args:
        run: whose log they write.
        commands: arguments of Python each, made when the one before is done.
        environment: of the processes.

    Attributes:
        error: what failed, or None.
    """

    def __init__(self, run: Kind, commands: Iterator[list[str]], environment: dict[str, str]):
        self.run, self.commands, self.environment = run, commands, environment
        self.command: list[str] = []
        self.process: subprocess.Popen | None = None
        self.error: str | None = None

    def is_running(self) -> bool:
        """Whether there is anything left to wait for; starts the next command where one is done."""
        if self.process:
            code = self.process.poll()
            if code is None:
                return True
            if code:
                config = str(self.run.settings)
                named = self.command[:self.command.index(config) + 1][-2:] if config in self.command else self.command
                self.error = f'{shlex.join(named)} ended with exit code {code}'
                return False
        self.command = next(self.commands, [])
        if self.command:
            self._start(self.command)
        return bool(self.command)

    def _start(self, command: list[str]) -> None:
        self.run.log.parent.mkdir(parents=True, exist_ok=True)
        with self.run.log.open('a', encoding='utf-8') as log:
            log.write(f'{PROMPT}{shlex.join(command)}\n')
            log.flush()
            self.process = start(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, env=self.environment)


def check_numbers(jobs: int, seeds: Sequence[int]) -> None:
    """Raise ValueError unless there is a job at least, and a seed, every one from 0 on and once."""
    if jobs < 1:
        raise ValueError(f'jobs={jobs}, expected a whole number from 1 on.')
    if not seeds or min(seeds) < 0 or len(set(seeds)) < len(seeds):
        raise ValueError(f'seeds={list(seeds)}, expected one or more whole numbers from 0 on, none of them twice.')


def run_all(runs: Sequence[Kind], commands: Callable[[Kind], Iterator[list[str]]], *, jobs: int, console: Console,
            when_done: Callable[[Kind], None]) -> list[Kind]:
    """Work on all runs that are not done yet, in their order; one that fails does not stop the others.

    Args:
        runs: the done ones count for the progress.
        commands: of a run.
        jobs: how many run at once: each rank of each has a GPU of its own while there are enough, and its share of the
            cores.
        console: for progress, and the end of the log of a run that fails.
        when_done: called with each run whose commands have all succeeded.

    Returns:
        The runs that failed.
    """
    waiting = deque(run for run in runs if not run.result)
    working: dict[int, Job[Kind]] = {}
    failed, done = [], len(runs) - len(waiting)
    columns = (TextColumn('{task.description}'), TextColumn('all:'), BarColumn(), TaskProgressColumn(),
               TimeElapsedColumn(), TextColumn('gone,'), TimeRemainingColumn(), TextColumn('left'))
    with sigterm_unwinds(), Progress(*columns, console=console, speed_estimate_period=24 * 3600) as progress:
        task = progress.add_task('', total=len(runs), completed=done)
        try:
            while waiting or working:
                free = [slot for slot in range(jobs) if slot not in working]
                for slot in free[:len(waiting)]:
                    run = waiting.popleft()
                    working[slot] = Job(run, commands(run), share(slot, jobs, run.ranks))
                for slot, job in list(working.items()):
                    if not job.is_running():
                        del working[slot]
                        done += 1
                        if job.error:
                            failed.append(job.run)
                            console.print(_failure(job), style='red', highlight=False, markup=False, soft_wrap=True)
                        else:
                            when_done(job.run)
                shares = {job.run.title: job.run.progress() for job in working.values()}
                progress.update(task, completed=done + sum(shares.values()), description='; '.join(
                    [f'{done} of {len(runs)} done', *(f'{title}: {share:.0%}' for title, share in shares.items())]))
                time.sleep(POLL_SECONDS if working else 0)
        finally:
            stop([job.process for job in working.values() if job.process])
    return failed


def _failure(job: Job) -> str:
    lines = job.run.log.read_text(encoding='utf-8', errors='replace').splitlines()
    begun = max(place for place, line in enumerate(lines) if line.startswith(PROMPT))
    said = list(takewhile(lambda line: RANKS_REPORT not in line, lines[begun:]))[-LAST_LINES:]
    return '\n'.join([f'{job.run.title} failed: {job.error}. The end of {job.run.log}:', *said])

"""Measuring: time and memory of several versions in turns, so that other load on the machine affects all alike."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterable, Sequence
from itertools import accumulate
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.profiler import ProfilerActivity, profile

os.environ.setdefault('KINETO_LOG_LEVEL', '99')  # the profiler would announce its start and stop

Step = Callable[[], Sequence[Tensor]]
"""The function that is measured; it returns its results, gradients included."""


class Version(NamedTuple):
    """One row of a table.

    Args:
        columns: what it is, by the column's heading.
        make: makes the step, with its inputs.
        result: versions with the same one must agree: the table shows by how much they differ.
        images: number of images that one step is for, where the table is to have their rate.
    """

    columns: dict[str, object]
    make: Callable[[], Step]
    result: str
    images: int | None = None


def check_versions(asked: Iterable[str], known: Iterable[str]) -> None:
    """Raise a ValueError for versions that a case does not have."""
    if unknown := set(asked) - set(known):
        raise ValueError(f'versions={sorted(unknown)}, but there are only {", ".join(known)}.')


class Measured(NamedTuple):
    """Measurements of one version: seconds by the clock and of the processor, for each round, and bytes.

    ``difference`` is that of its results from those of the first version with the same result: the largest over all of
    them of ``max |a - b| / max |b|``. None for the first itself.
    """

    clock: list[float]
    processor: list[float]
    memory: int
    difference: float | None


def measure(versions: Sequence[Version], device: str, repeats: int, advance: Callable[[], object]) -> list[Measured]:
    """Measure versions in turns.

    Args:
        versions: what to compare.
        device: what they run on.
        repeats: rounds whose time counts; the first round warms up and compares, the last looks at memory.
        advance: called ``repeats + 2`` times for each version.
    """
    steps = [version.make() for version in versions]
    differences: list[float | None] = []
    firsts: dict[str, Sequence[Tensor]] = {}
    for version, step in zip(versions, steps, strict=True):
        results = step()
        first = firsts.setdefault(version.result, results)
        differences.append(None if first is results else _difference(results, first))
        advance()
    del results, first, firsts

    clock: list[list[float]] = [[] for _ in versions]
    processor: list[list[float]] = [[] for _ in versions]
    for _ in range(repeats):
        for number, step in enumerate(steps):
            wait(device)
            started = time.perf_counter(), time.process_time()
            step()
            wait(device)
            clock[number].append(time.perf_counter() - started[0])
            processor[number].append(time.process_time() - started[1])
            advance()

    memory = []
    for step in steps:
        memory.append(_peak_on_gpu(step, device) if device.startswith('cuda') else _peak_on_cpu(step))
        advance()
    return [Measured(*each) for each in zip(clock, processor, memory, differences, strict=True)]


def _difference(results: Sequence[Tensor], first: Sequence[Tensor]) -> float:
    """The largest difference, as a share of the largest value there; not a number where a result is none."""
    shares = []
    for ours, theirs in zip(results, first, strict=True):
        largest = theirs.double().abs().max()
        share = (ours.double() - theirs.double()).abs().max() / torch.where(largest > 0, largest, 1)
        shares.append(share.item())
    return float(np.max(shares))  # Python's max would pass over what is not a number


def wait(device: str) -> None:
    """Wait until a GPU has done what it was asked for."""
    if device.startswith('cuda'):
        torch.cuda.synchronize(device)


def _peak_on_gpu(step: Step, device: str) -> int:
    before = torch.cuda.memory_allocated(device)
    torch.cuda.reset_peak_memory_stats(device)
    step()
    return torch.cuda.max_memory_allocated(device) - before


def _peak_on_cpu(step: Step) -> int:
    """Of tensors; what is resident also depends on what the process has kept of what it freed before."""
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as profiler:
        step()
    with TemporaryDirectory() as folder:
        path = Path(folder, 'trace.json')
        profiler.export_chrome_trace(str(path))
        events = json.loads(path.read_bytes())['traceEvents']
    changes = sorted((event for event in events if event['name'] == '[memory]'), key=lambda event: event['ts'])
    return max(accumulate(event['args']['Bytes'] for event in changes), default=0)

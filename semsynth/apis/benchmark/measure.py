"""Time and memory of versions of the same thing, in turns, so that what else the machine does hits all alike."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import NamedTuple

import torch
from torch import Tensor

from semsynth.engine.memory import forget_peak, peak_memory

Step = Callable[[], Sequence[Tensor]]
"""What is measured; it returns its results, gradients included."""


class Version(NamedTuple):
    """One row of a table.

    Args:
        columns: what it is, by the column's heading.
        make: makes the step. Another process calls it too: a function of a module, or a ``partial`` of one.
        result: versions with the same one must agree: the table shows by how much they differ.
    """

    columns: dict[str, object]
    make: Callable[[], Step]
    result: str


class Measured(NamedTuple):
    """What one version needs: seconds by the clock and of the processor, round by round, and MB.

    ``difference`` is that of its results from those of the first version with the same result: the largest over all of
    them of ``max |a - b| / max |b|``. None for the first itself.
    """

    clock: list[float]
    processor: list[float]
    memory: int
    difference: float | None


def measure(versions: Sequence[Version], device: str, repeats: int, advance: Callable[[], object]) -> list[Measured]:
    """Measure versions in turns.

    Memory is what a step needs at most beyond what there was before, on CPUs that of a process that does nothing else.

    Args:
        versions: what to compare.
        device: what they run on.
        repeats: rounds that are counted; one more warms up.
        advance: called ``repeats + 2`` times for each version.
    """
    steps = [version.make() for version in versions]
    first, differences = {}, []
    for version, step in zip(versions, steps, strict=True):
        results = step()
        known = first.setdefault(version.result, results)
        differences.append(None if known is results else _difference(results, known))
        advance()
    del first, known, results

    clock, processor = ([[] for _ in versions] for _ in range(2))
    for _ in range(repeats):
        for number, step in enumerate(steps):
            _wait(device)
            started = time.perf_counter(), time.process_time()
            step()
            _wait(device)
            clock[number].append(time.perf_counter() - started[0])
            processor[number].append(time.process_time() - started[1])
            advance()
    del steps

    memory = []
    for version in versions:
        memory.append(_peak(version.make, device) if device.startswith('cuda') else _peak_of_process(version.make))
        advance()
    return [Measured(*each) for each in zip(clock, processor, memory, differences, strict=True)]


def _wait(device: str) -> None:
    if device.startswith('cuda'):
        torch.cuda.synchronize(device)


def _difference(results: Sequence[Tensor], known: Sequence[Tensor]) -> float:
    return max(((ours - theirs).abs().max() / theirs.abs().max()).item()
               for ours, theirs in zip(results, known, strict=True))


def _peak_of_process(make: Callable[[], Step]) -> int:
    # what this process has freed it may keep, and give to the step unseen
    with ProcessPoolExecutor(1, multiprocessing.get_context('spawn')) as pool:
        return pool.submit(_peak, make, 'cpu', torch.get_num_threads()).result()


def _peak(make: Callable[[], Step], device: str, threads: int | None = None) -> int:
    if threads is not None:
        torch.set_num_threads(threads)
    step = make()
    forget_peak(device)
    before = peak_memory(device)
    step()
    return peak_memory(device) - before

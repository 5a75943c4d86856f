"""Measurements as Markdown tables."""

from __future__ import annotations

import os
from collections.abc import Sequence
from statistics import median, quantiles

import torch

from semsynth.studies.benchmark.measuring import Measured, Version
from semsynth.studies.machine import machine as machine_facts
from semsynth.studies.tables import cells


def machine(device: str) -> str:
    """One line: processor or GPU, threads, versions, and how busy the machine is."""
    gpu = [torch.cuda.get_device_name(device)] if device.startswith('cuda') else []
    return '; '.join([*gpu, machine_facts(), f'{torch.get_num_threads()} threads',
                      f'load of other work {os.getloadavg()[0]:.1f}'])


def table(groups: Sequence[Sequence[Version]], measured: Sequence[Sequence[Measured]]) -> str:
    """One row a version: its columns; median and quartiles of the time by the clock; median of the processor's; memory;
    time relative to the first of its group; how far its results are from those of the first that must agree; and, where
    it is about images, their rate."""
    rate = ['images/s'] if groups[0][0].images else []
    headings = [*groups[0][0].columns, 'ms', 'quartiles', 'CPU ms', *rate, 'MB', 'relative time', 'difference']
    lines = [cells(headings), cells(['---'] * len(headings))]
    for versions, results in zip(groups, measured, strict=True):
        for version, result in zip(versions, results, strict=True):
            low, _, high = quantiles(result.clock, method='inclusive') if len(result.clock) > 1 else result.clock * 3
            lines.append(cells([
                *version.columns.values(), _ms(median(result.clock)), f'{_ms(low)} to {_ms(high)}',
                _ms(median(result.processor)), *(f'{(version.images or 0) / median(result.clock):.3g}' for _ in rate),
                f'{result.memory / 2**20:.0f}',
                f'{median(result.clock) / median(results[0].clock):.3g}',
                '' if result.difference is None else f'{result.difference:.0e}']))
    return '\n'.join(lines)


def _ms(seconds: float) -> str:
    return f'{seconds * 1000:.3g}' if seconds < 1 else f'{seconds * 1000:.0f}'

"""Where the time of one step of training goes: the GPU's by kernel, the host's by operation."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from mmengine.config import Config
from torch.autograd import DeviceType
from torch.profiler import ProfilerActivity, profile

from semsynth.config import load_config
from semsynth.devices import find_device
from semsynth.engine.launch import check_synthesizer
from semsynth.studies.benchmark.measuring import check_versions, wait
from semsynth.studies.benchmark.report import machine
from semsynth.studies.benchmark.step import ON_REQUEST, VERSIONS, make_step
from semsynth.studies.tables import cells

WARM_UP = 3
"""Steps before the one that is looked at."""
LONGEST = 100
"""Characters of a kernel's name that are shown."""


def profiled(configs: Sequence[str | Path | Config], device: str | None = None, size: tuple[int, int] | None = None,
             batch_size: int = 1, versions: Sequence[str] = ('float32',), rows: int = 15,
             cfg_options: dict | None = None) -> str:
    """One step of each model under torch's profiler, and one without it, for the whole time.

    Args:
        configs: paths or configs.
        device: what they run on; by default the GPU, where there is one.
        size: height and width; by default each config's ``image_size``.
        batch_size: number of images.
        versions: names in ``VERSIONS`` or ``ON_REQUEST`` of ``semsynth.studies.benchmark.step``.
        rows: lines of each table, those that take longest.
        cfg_options: entries of the configs to override.

    Returns:
        Markdown tables.

    Raises:
        ValueError: there is no such version or device, or a config is no synthesizer's.
    """
    check_versions(versions, (*VERSIONS, *ON_REQUEST))
    device = str(find_device(device))
    opened = [load_config(config, cfg_options) for config in configs]
    for config in opened:
        check_synthesizer(config)
    return '\n\n'.join([machine(device), *(_profile(config, device, size or tuple(config.image_size), batch_size,
                                                    version, rows) for config in opened for version in versions)])


def _profile(config: Config, device: str, size: tuple[int, int], batch_size: int, version: str, rows: int) -> str:
    step = make_step(config, size, batch_size, version, device)
    for _ in range(WARM_UP):
        step()
    wait(device)
    started = time.perf_counter()
    step()
    launched = time.perf_counter()
    wait(device)
    ended = time.perf_counter()
    on_gpu = device.startswith('cuda')
    with profile(activities=[ProfilerActivity.CPU, *([ProfilerActivity.CUDA] if on_gpu else [])]) as profiler:
        step()
        wait(device)
    events = profiler.key_averages()
    kernels = [(event.key, event.count, event.self_device_time_total) for event in events
               if event.device_type == DeviceType.CUDA]
    host = [(event.key, event.count, event.self_cpu_time_total) for event in events
            if event.device_type == DeviceType.CPU]
    name = f'{Path(config.filename or "config").stem}, {size[0]}x{size[1]}, batch {batch_size}, {version}'
    facts = (f'{name}: {1000 * (ended - started):.1f} ms, of which the host takes {1000 * (launched - started):.1f} ms '
             'to ask for it')
    if not on_gpu:
        return f'{facts}.\n\n{_table("operation", host, rows)}'
    busy = sum(micros for *_, micros in kernels) / 1000
    count = sum(number for _, number, _ in kernels)
    return (f'{facts}; {count} kernels take the GPU {busy:.1f} ms.\n\n{_table("kernel", kernels, rows)}\n\n'
            f'{_table("operation on the host", host, rows)}')


def _table(heading: str, found: Sequence[tuple[str, int, float]], rows: int) -> str:
    longest = sorted(found, key=lambda row: -row[2])[:rows]
    body = [(name[:LONGEST].replace('|', '/'), count, f'{micros / 1000:.2f}') for name, count, micros in longest]
    return '\n'.join([cells((heading, 'times', 'ms')), cells(['---'] * 3), *(cells(row) for row in body)])

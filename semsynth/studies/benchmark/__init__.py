"""Benchmarks: time and memory of operators and steps, compared with plain implementations."""

from __future__ import annotations

from collections.abc import Callable

from rich.console import Console
from rich.progress import Progress

from semsynth.arguments import check_arguments
from semsynth.devices import find_device
from semsynth.engine.memory import reuse_memory
from semsynth.studies.benchmark.class_specific import class_specific
from semsynth.studies.benchmark.contrast import contrast
from semsynth.studies.benchmark.data import data
from semsynth.studies.benchmark.inference import inference
from semsynth.studies.benchmark.instance_mean import instance_mean
from semsynth.studies.benchmark.instance_norm import instance_norm
from semsynth.studies.benchmark.launches import launches
from semsynth.studies.benchmark.layout import layout
from semsynth.studies.benchmark.measuring import measure
from semsynth.studies.benchmark.memory import memory
from semsynth.studies.benchmark.profile import profiled
from semsynth.studies.benchmark.report import machine, table
from semsynth.studies.benchmark.similarity import similarity
from semsynth.studies.benchmark.step import step

CASES: dict[str, Callable] = dict(class_specific=class_specific, contrast=contrast, data=data, inference=inference,
             instance_mean=instance_mean, instance_norm=instance_norm, layout=layout, similarity=similarity, step=step)
"""A case is a function of its own options and ``device`` that returns lists of ``Version``, each list measured in
turns and compared."""
REPORTS: dict[str, Callable] = dict(launches=launches, memory=memory, profile=profiled)
"""Cases that compare no versions in turns: functions of their own options that return Markdown."""
ON_CPU = ('data',)
"""Cases that no GPU takes part in."""


@check_arguments
def benchmark(case: str, device: str | None = None, repeats: int = 5, **options) -> str:
    """Measure a case.

    Args:
        case: one of ``CASES`` or ``REPORTS``.
        device: such as ``'cpu'``; by default the GPU, where there is one and the case is for it.
        repeats: rounds that are counted, after one that warms up and one for the memory; not for ``REPORTS``.
        options: the case's own.

    Returns:
        What was measured on, and a Markdown table.

    Raises:
        ValueError: there are no rounds, the device is absent, or an option does not fit the case.
        DataError: a file is missing or unsound.
    """
    if case in REPORTS:
        return REPORTS[case](**options, **({} if device is None else dict(device=device)))
    device = str(find_device('cpu' if device is None and case in ON_CPU else device))
    if not device.startswith(('cpu', 'cuda')):
        raise ValueError(f'device={device}, but what is measured runs on cpu or cuda.')
    if device == 'cpu':
        reuse_memory()  # as training does
    groups = CASES[case](device=device, **options)
    facts = machine(device)  # before: its load is that of others
    with Progress(console=Console(stderr=True)) as progress:
        task = progress.add_task('Measuring', total=sum(map(len, groups)) * (repeats + 2))
        measured = [measure(group, device, repeats, lambda: progress.advance(task)) for group in groups]
    return f'{facts}\n\n{table(groups, measured)}'

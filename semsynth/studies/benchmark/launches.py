"""Count of what one step of training asks of a GPU, operation by operation: no GPU is needed."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import torch
from mmengine.config import Config
from torch import Tensor
from torch.autograd import _get_sequence_nr

import semsynth
from semsynth.config import load_config
from semsynth.engine.launch import check_synthesizer
from semsynth.studies.benchmark import imagined_gpu
from semsynth.studies.benchmark.imagined_gpu import Call
from semsynth.studies.benchmark.measuring import check_versions
from semsynth.studies.benchmark.step import VERSIONS, build, draw_batch
from semsynth.studies.tables import cells

ROOT = Path(semsynth.__file__).parent
HERE = {__file__, imagined_gpu.__file__}
NO_KERNEL = ('empty', 'new_empty', '_unsafe_view')
"""Beginnings of the names of operations that launch nothing, though they are no views of their input."""
BY_MASK = ('index', 'index_put', 'index_put_', '_unsafe_index', '_index_put_impl_')
"""Operations that wait for the device where they are given a mask: they count what it selects."""
NOTE = ('On the path that a GPU takes: tensors say that they are on cuda:0, and are computed on the CPU. Operations of '
        'torch count as one each, on a list of tensors too, and so do Triton kernels; what the driver makes of them is '
        'not seen.')


class Launch(NamedTuple):
    """What is counted of a call.

    Args:
        operation: its name.
        kind: ``'kernel'``, ``'cast'`` and ``'copy'`` (between host and device), which launch something; ``'view'``,
            which is the host's work alone, as are allocations.
        line: the line of ours that asked for it.
        waits: whether the host waits for the device.
    """

    operation: str
    kind: str
    line: str
    waits: bool


def launches(configs: Sequence[str | Path | Config], size: tuple[int, int] = (64, 128), batch_size: int = 1,
             versions: Sequence[str] = ('plain', 'float32', 'bfloat16'), rows: int = 20,
             cfg_options: dict | None = None) -> str:
    """The operations of a step of training, of both players' turns, by kind and by the line of ours that asks for them.

    Args:
        configs: paths or configs.
        size: height and width.
        batch_size: number of images.
        versions: names in ``VERSIONS`` of ``semsynth.studies.benchmark.step``.
        rows: lines of the tables by operation and by line, the most frequent ones.
        cfg_options: entries of the configs to override.

    Returns:
        Markdown tables.

    Raises:
        ValueError: there is no such version, or a config is no synthesizer's.
    """
    check_versions(versions, VERSIONS)
    opened = [load_config(config, cfg_options) for config in configs]
    for config in opened:
        check_synthesizer(config)
    summary = [['config', 'size', 'batch', 'version', 'kernels', 'of these casts', 'and copies', 'views', 'waits']]
    details = []
    for config in opened:
        name, counted = Path(config.filename or 'config').stem, {}
        for version in versions:
            counted[version] = found = count_step(config, size, batch_size, version)
            kinds = Counter(launch.kind for launch in found)
            summary.append([name, f'{size[0]}x{size[1]}', str(batch_size), version, str(len(found) - kinds['view']),
                            str(kinds['cast']), str(kinds['copy']), str(kinds['view']),
                            str(sum(launch.waits for launch in found))])
        details += [f'{name}: kernels by operation', _by(counted, 'operation', rows),
                    f'{name}: kernels by line', _by(counted, 'line', rows),
                    f'{name}: where the host waits for the device', _waits(counted)]
    return '\n\n'.join([f'torch {torch.__version__}. {NOTE}', _table(summary), *details])


def count_step(config: Config, size: tuple[int, int], batch_size: int, version: str) -> list[Launch]:
    """The operations of the second step of a model; the first also makes what optimisers keep."""
    counter = _Counter()
    with imagined_gpu.imagined_gpu(counter.record):
        model, players = build(config, version, str(imagined_gpu.DEVICE))
        data = draw_batch(model, size, batch_size)
        for _ in range(2):
            counter.found.clear()
            torch.manual_seed(0)
            model.train_step(data, players)
    return counter.found


class _Counter:
    """Keeps what is recorded, and which line of ours made each node of the graph."""

    def __init__(self) -> None:
        self.found: list[Launch] = []
        self.origins: dict[int, str] = {}

    def record(self, call: Call) -> None:
        """Keep a call. autograd numbers nodes, and makes one before it asks for the operation."""
        line = _line()
        if line is None and call.node is not None:
            line = f'backward of {self.origins.get(call.node._sequence_nr(), "the weights")}'
        elif call.node is None:
            self.origins.setdefault(_get_sequence_nr() - 1, line or 'elsewhere')
        kind = _kind(call)
        if kind is not None:
            name = call.operation if isinstance(call.operation, str) else call.operation.overloadpacket.__name__
            self.found.append(Launch(name, kind, line or 'elsewhere', _waits_for_device(call)))


def _line() -> str | None:
    """The innermost line of ours that is running, unless a backward pass runs within it."""
    frame = sys._getframe(2)
    while frame is not None and frame.f_code is not imagined_gpu.BACKWARD:
        path = frame.f_code.co_filename
        if path.startswith(f'{ROOT}/') and path not in HERE:
            return f'{path.removeprefix(f"{ROOT}/")}:{frame.f_lineno}'
        frame = frame.f_back
    return None


def _kind(call: Call) -> str | None:
    """As of ``Launch``; None of what autograd alone asks for here, and of what is no operation on tensors."""
    operation = call.operation
    if isinstance(operation, str):
        return 'kernel'
    name = operation.overloadpacket.__name__
    if name == 'detach' or operation.namespace in ('prim', 'profiler'):
        return None
    if operation.is_view or name.startswith(NO_KERNEL) or torch.Tag.inplace_view in operation.tags:
        return 'view'
    if name == '_to_copy':
        return _kind_of_copy(call.arguments[0], call.result)
    if name in ('copy_', '_foreach_copy_'):
        target, source = call.arguments[:2]
        return _kind_of_copy(source, target) if name == 'copy_' else _kind_of_copy(source[0], target[0])
    return 'kernel'


def _kind_of_copy(source: Tensor, target: Tensor) -> str:
    if source.device != target.device:
        return 'copy'
    return 'kernel' if source.dtype == target.dtype else 'cast'


def _waits_for_device(call: Call) -> bool:
    operation = call.operation
    if isinstance(operation, str):
        return False
    name = operation.overloadpacket.__name__
    if _kind(call) == 'copy':
        return not (call.keywords.get('non_blocking') or (name == 'copy_' and call.arguments[2:] == (True,)))
    if name in BY_MASK:
        return any(index is not None and index.dtype in (torch.bool, torch.uint8) for index in call.arguments[1])
    return not set(operation.tags).isdisjoint({torch.Tag.data_dependent_output, torch.Tag.dynamic_output_shape})


def _by(counted: dict[str, list[Launch]], what: str, rows: int) -> str:
    """A table of the kernels by operation or by line: a column for each version, the most frequent rows."""
    counts = {version: Counter(getattr(launch, what) for launch in found if launch.kind != 'view')
              for version, found in counted.items()}
    return _counts(what, counts, rows)


def _waits(counted: dict[str, list[Launch]]) -> str:
    counts = {version: Counter(f'{launch.operation} at {launch.line}' for launch in found if launch.waits)
              for version, found in counted.items()}
    return _counts('operation', counts) if any(counts.values()) else 'Nowhere.'


def _counts(heading: str, counts: dict[str, Counter[str]], rows: int | None = None) -> str:
    total: Counter[str] = Counter()
    for its in counts.values():
        total |= its
    return _table([[heading, *counts], *([name, *(str(its[name]) for its in counts.values())]
                                         for name, _ in total.most_common(rows))])


def _table(rows: Sequence[Sequence[str]]) -> str:
    headings, *others = rows
    return '\n'.join(map(cells, [headings, ['---'] * len(headings), *others]))

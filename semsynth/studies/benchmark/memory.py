"""Memory that one step of training takes, from the sizes of all its tensors: no GPU is needed, nothing is computed."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple
from unittest import mock

import torch
from mmengine.config import Config
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from semsynth.config import load_config
from semsynth.engine.launch import check_synthesizer
from semsynth.layers.frozen import Frozen
from semsynth.studies.benchmark.step import build, draw_batch
from semsynth.studies.tables import cells

CARDS = (8, 12, 16, 24, 32, 40, 48, 80, 141)
"""GB that cards have."""
SPARE, LIBRARIES = 1.1, 2.0
"""What a card needs beside tensors: a tenth more, which lies between them, and GB for CUDA and its libraries."""
NOTE = ('Tensors have sizes and no contents; what is added up is their memory, on the path that a GPU takes, in '
        'float32. GB are 10^9 bytes. The card has a tenth more than tensors need, and 2 GB for CUDA and its libraries.')


class Needed(NamedTuple):
    """Bytes: of what stays between two steps (weights, moments, frozen networks), and what a step takes beside."""

    kept: int
    step: int


def memory(configs: Sequence[str | Path | Config], size: tuple[int, int] | None = None, batch_size: int = 1,
           cfg_options: dict | None = None) -> str:
    """The memory that training takes with each config, on one rank.

    Args:
        configs: paths or configs.
        size: height and width; by default each config's ``image_size``.
        batch_size: number of images.
        cfg_options: entries of the configs to override, such as ``micro_batch``.

    Returns:
        A Markdown table.

    Raises:
        ValueError: a config is no synthesizer's, or ``micro_batch`` does not divide the batch.
    """
    opened = [load_config(config, cfg_options) for config in configs]
    for config in opened:
        check_synthesizer(config)
    rows = [['config', 'size', 'batch', 'micro_batch', 'kept, GB', 'a step, GB', 'in all, GB', 'card, GB']]
    rows.append(['---'] * len(rows[0]))
    for config in opened:
        height, width = size or config.image_size
        needed = step_memory(config, (height, width), batch_size)
        gigabytes = [each / 1e9 for each in (needed.kept, needed.step, sum(needed))]
        rows.append([Path(config.filename or 'config').stem, f'{height}x{width}', str(batch_size),
                     str(config.model.get('micro_batch') or ''), *(f'{each:.2f}' for each in gigabytes),
                     card_for(gigabytes[-1])])
    return '\n'.join([f'torch {torch.__version__}. {NOTE}', '', *map(cells, rows)])


def card_for(gigabytes: float) -> str:
    """The smallest card on which tensors of so many GB fit."""
    needed = SPARE * gigabytes + LIBRARIES
    return next((str(card) for card in CARDS if card >= needed), 'none')


def step_memory(config: Config, size: tuple[int, int], batch_size: int) -> Needed:
    """What a step of a config's training takes, after the first, which also makes what optimisers keep."""
    config = load_config(config)
    for player in config.optim_wrapper.values():
        if isinstance(player, dict) and player.get('optimizer', {}).get('fused'):
            player['optimizer']['fused'] = None  # of real devices only; others take no memory that is worth a word
    with without_contents():
        model, players = build(config, 'float32', 'meta')
        data, ledger = draw_batch(model, size, batch_size), Ledger()
        for tensor in tensors_of(model):
            ledger.note(tensor)
        with ledger:
            for player in players.values():
                make_moments(player.optimizer)
            ledger.peak = kept = ledger.now
            model.train_step(data, players)
    return Needed(kept, ledger.peak - kept)


def make_moments(optimizer: Optimizer) -> None:
    """Have an optimiser make what it keeps of each parameter, by a step without any gradient to speak of."""
    for parameter in chain(*(group['params'] for group in optimizer.param_groups)):
        parameter.grad = torch.zeros_like(parameter)
    optimizer.step()
    optimizer.zero_grad()


def tensors_of(model: nn.Module) -> Iterator[Tensor]:
    """Parameters and buffers of a model, and of the frozen networks that it holds."""
    for network in (model, *(part.network for part in model.modules() if isinstance(part, Frozen))):
        yield from chain(network.parameters(), network.buffers())


class Ledger(TorchDispatchMode):
    """Adds up the memory of tensors on the device ``meta`` as they come and go.

    Attributes:
        now: bytes of those that are there.
        peak: the most that it was.
    """

    def __init__(self) -> None:
        super().__init__()
        self.now = self.peak = 0
        self._noted: set[int] = set()

    def __torch_dispatch__(self, operation: Callable, types: Any, arguments: Any = (), keywords: Any = None) -> Any:
        result = operation(*arguments, **(keywords or {}))
        for tensor in tree_leaves(result):
            if isinstance(tensor, Tensor) and tensor.is_meta:
                self.note(tensor)
        return result

    def note(self, tensor: Tensor) -> None:
        """Add a tensor's memory, unless another one of the same memory was added; it is taken off when it is freed."""
        storage = tensor.untyped_storage()
        key, size = id(storage), storage.nbytes()
        if key not in self._noted:
            self._noted.add(key)
            weakref.finalize(storage, self._forget, key, size)
            self.now += size
            self.peak = max(self.peak, self.now)

    def _forget(self, key: int, size: int) -> None:
        self._noted.discard(key)
        self.now -= size


@contextmanager
def without_contents() -> Iterator[None]:
    """A context in which weights are not drawn, and the device ``meta`` has an autocast, which is never enabled."""
    autocast, is_enabled = torch.autocast, torch.is_autocast_enabled
    initialisers = [name for name in dir(nn.init) if name.endswith('_') and not name.startswith('_')]

    def of_device(device: str, *arguments: Any, **keywords: Any) -> Any:
        return nullcontext() if device == 'meta' else autocast(device, *arguments, **keywords)

    def is_enabled_on(device: str | None = None) -> bool:
        return device != 'meta' and (is_enabled() if device is None else is_enabled(device))

    with ExitStack() as stack:
        stack.enter_context(mock.patch('torch.autocast', of_device))
        stack.enter_context(mock.patch('torch.is_autocast_enabled', is_enabled_on))
        for name in initialisers:
            stack.enter_context(mock.patch.object(nn.init, name, _as_it_is))
        yield


def _as_it_is(tensor: Tensor, *arguments: Any, **keywords: Any) -> Tensor:
    return tensor

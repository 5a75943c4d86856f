"""The update of both players as one CUDA graph, which the host launches at once instead of thousands of kernels."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import fields, replace

import torch
from mmengine.dist import get_world_size
from mmengine.logging import print_log
from mmengine.optim import AmpOptimWrapper, OptimWrapper, OptimWrapperDict
from torch import Tensor

from semsynth.layout import Layout
from semsynth.parts import Parts

Update = Callable[[Layout, dict[str, Tensor], OptimWrapperDict], dict[str, Tensor]]
WARM_UP = 3
"""Steps before a capture: for cuDNN to choose its algorithms, and optimisers to make their moments."""
WARM_UP_OF_RANKS = 11
"""The same on several ranks: until then DDP arranges its buckets."""


class CudaGraph:
    """What a GPU is given to do while a function runs, to be done again without the function."""

    device = 'cuda'
    """The type of device that it is for."""

    def __init__(self) -> None:
        self.graph, self.stream = torch.cuda.CUDAGraph(), torch.cuda.Stream()

    def warm_up(self, function: Callable[[], Tensor]) -> Tensor:
        """Run a function on the stream that it will be captured on."""
        self.stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(self.stream):
            result = function()
        torch.cuda.current_stream().wait_stream(self.stream)
        return result

    def capture(self, function: Callable[[], Tensor]) -> Tensor:
        """Note what a function does; its result is a tensor that ``replay`` fills.

        Only this thread is kept from what a capture forbids: another one pins memory for the next batches.
        """
        with torch.cuda.graph(self.graph, stream=self.stream, capture_error_mode='thread_local'):
            return function()

    def replay(self) -> None:
        """Do it, on the current stream, with what its inputs hold by then."""
        self.graph.replay()


class CapturedUpdate:
    """An update that, after some steps as they are, is captured in a graph and replayed from then on.

    It is a whole-network capture, as PyTorch's notes on CUDA graphs describe it. Each call is one step of training; the
    first ones warm up. A graph does the same on the same memory each time. So batches are copied into tensors that stay
    where they are, losses are copied out, and learning rates are tensors that are filled before each step. Whatever the
    update changes, it must change in place. Random numbers go on from torch's state, as without a graph. The contexts
    of autocast and of cached parametrizations begin and end within the update, and with them what they cache: a replay
    casts and normalises the weights anew.

    Where a graph cannot be, the update runs as it is; the log says once why.

    Args:
        parts: of the model.
    """

    def __init__(self, parts: Parts):
        self.parts, self.is_off = parts, False
        self.recording: _Recording | None = None

    @property
    def is_settled(self) -> bool:
        """Whether all further steps are alike: replays, or the update as it is."""
        return self.is_off or (self.recording is not None and self.recording.values is not None)

    def __call__(self, update: Update, layout: Layout, real: dict[str, Tensor],
                 optim_wrapper: OptimWrapperDict) -> dict[str, Tensor]:
        """Do a step.

        Args:
            update: what is captured; the same at every call.
            layout: of the batch.
            real: its real images by name.
            optim_wrapper: the players' optimisers.

        Raises:
            RuntimeError: the update cannot be captured, though all parts say that they can.
        """
        if not self.is_off and (reason := self._obstacle(layout, real, optim_wrapper)):
            print_log(f'model.graphs=True, but operations are launched one by one: {reason}.', logger='current',
                      level=logging.WARNING)
            self.is_off, self.recording = True, None
        if self.is_off:
            return update(layout, real, optim_wrapper)
        if self.recording is None:
            self.recording = _Recording(layout, real, optim_wrapper)
        return self.recording.step(update, layout, real, optim_wrapper)

    def _obstacle(self, layout: Layout, real: dict[str, Tensor], optim_wrapper: OptimWrapperDict) -> str | None:
        """Why there can be no graph, in words; None where there can be one."""
        if self.recording is not None:
            return None if self.recording.fits(layout, real) else (
                'the sizes of batches vary, and a graph is for one size; set one for the data (image_size in a config)')
        if layout.device.type != CudaGraph.device:
            return f'graphs are for GPUs, and the model is on the {layout.device.type.upper()}'
        generator = self.parts.generator
        for part in (generator, generator.head, *self.parts.encoders, self.parts.discriminator, self.parts.segmentor,
                     *self.parts.losses.values()):
            if part is not None and part.waits_for is not None:
                return f'{type(part).__name__} waits for {part.waits_for}'
        return next(filter(None, (_obstacle_of(player, wrapper) for player, wrapper in optim_wrapper.items())), None)


class _Recording:
    """A graph, and the memory that it reads and writes: inputs of one batch, learning rates, losses."""

    def __init__(self, layout: Layout, real: dict[str, Tensor], optim_wrapper: OptimWrapperDict):
        self.graph = CudaGraph()
        self.warm_up = WARM_UP if get_world_size() == 1 else WARM_UP_OF_RANKS
        self.layout, self.real = layout.map(torch.clone), {name: image.clone() for name, image in real.items()}
        self.rates = {player: [torch.zeros((), device=layout.device) for _ in wrapper.optimizer.param_groups]
                      for player, wrapper in optim_wrapper.items()}
        self.names: list[str] = []
        self.values: Tensor | None = None

    def fits(self, layout: Layout, real: dict[str, Tensor]) -> bool:
        """Whether a batch is as the first one was."""
        return list(real) == list(self.real) and all(
            ours.shape == new.shape and ours.dtype == new.dtype
            for ours, new in zip(_tensors(self.layout, self.real), _tensors(layout, real), strict=True))

    def step(self, update: Update, layout: Layout, real: dict[str, Tensor],
             optim_wrapper: OptimWrapperDict) -> dict[str, Tensor]:
        """Warm up, or capture, or replay: one step of training each."""
        self._fill(layout, real, optim_wrapper)

        def run() -> Tensor:
            with capturable(optim_wrapper, self.rates):
                # a layout of its own, for what is derived from it is kept with it
                losses = update(replace(self.layout), dict(self.real), optim_wrapper)
            self.names = list(losses)
            return torch.stack(list(losses.values()))

        if self.warm_up:
            self.warm_up -= 1
            values = self.graph.warm_up(run)
        else:
            if self.values is None:
                self.values = self._capture(run)
            self.graph.replay()
            values = self.values.clone()
        return dict(zip(self.names, values.unbind(), strict=True))

    def _fill(self, layout: Layout, real: dict[str, Tensor], optim_wrapper: OptimWrapperDict) -> None:
        for ours, new in zip(_tensors(self.layout, self.real), _tensors(layout, real), strict=True):
            ours.copy_(new)
        for player, wrapper in optim_wrapper.items():
            for rate, group in zip(self.rates[player], wrapper.optimizer.param_groups, strict=True):
                rate.fill_(group['lr'])

    def _capture(self, run: Callable[[], Tensor]) -> Tensor:
        try:
            return self.graph.capture(run)
        except RuntimeError as error:
            raise RuntimeError(
                f'model.graphs=True, but a step cannot be captured in a CUDA graph: {str(error).splitlines()[0]}. A '
                'part of the model reads numbers from the device, or mixes devices; the lines above name the code. Set '
                'model.graphs=False, or have that part say in waits_for what it reads.') from error


def _obstacle_of(player: str, wrapper: OptimWrapper) -> str | None:
    """Why a player's optimiser cannot be captured."""
    place = f'optim_wrapper.{player}'
    if isinstance(wrapper, AmpOptimWrapper):
        return f'the gradient scaler of {place} waits for gradients that are not finite; train in bfloat16'
    if wrapper._accumulative_counts > 1:
        return f'{place} updates only every {wrapper._accumulative_counts} steps; take model.micro_batch'
    if not all(group.get('fused') and 'capturable' in group for group in wrapper.optimizer.param_groups):
        return f'{place} is no fused Adam, whose counters are on the GPU; set {place}.optimizer.fused=True'
    return None


def _tensors(layout: Layout, real: dict[str, Tensor]) -> list[Tensor]:
    values = [getattr(layout, field.name) for field in fields(layout)]
    return [value for value in (*values, *real.values()) if isinstance(value, Tensor)]


@contextmanager
def capturable(optim_wrapper: OptimWrapperDict, rates: dict[str, list[Tensor]]) -> Iterator[None]:
    """Have optimisers read learning rates from tensors, and tell torch that a graph may hold their steps.

    Outside of it both are as schedules, logs and checkpoints know them.

    Args:
        optim_wrapper: the players' optimisers.
        rates: a scalar for each group of parameters, by player.
    """
    groups = [(group, rate) for player, wrapper in optim_wrapper.items()
              for group, rate in zip(wrapper.optimizer.param_groups, rates[player], strict=True)]
    kept = [(group['lr'], group['capturable']) for group, _ in groups]
    for group, rate in groups:
        group['lr'], group['capturable'] = rate, True
    try:
        yield
    finally:
        for (group, _), (rate, flag) in zip(groups, kept, strict=True):
            group['lr'], group['capturable'] = rate, flag

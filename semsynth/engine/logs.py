"""The log of training, for which the device is read at intervals, not in every step."""

from __future__ import annotations

import math
import time

import torch
from mmengine.dist import get_world_size
from mmengine.hooks import LoggerHook, RuntimeInfoHook
from mmengine.runner import Runner

from semsynth.engine.checkpoint import kept_note
from semsynth.engine.loop import ResumableTrainLoop
from semsynth.engine.memory import peak_memory
from semsynth.engine.optim import PlayerOptimWrapper
from semsynth.registry import HOOKS


@HOOKS.register_module()
class DeferredInfoHook(RuntimeInfoHook):
    """mmengine's runtime information, but losses stay on the device until they are logged or a checkpoint is written.

    Adds the norms of clipped gradients (``generator/grad_norm``), ``images_per_second`` over all ranks,
    ``data_percent``, the share of the time in which this rank waited for batches, and, on a CPU, ``memory`` in MB.
    Stops training at the first loss that is not finite.

    Args:
        history: number of values kept of each logged quantity; mmengine keeps, and saves, all of them.
    """

    def __init__(self, history: int = 1000):
        self.history = history
        self.loop: ResumableTrainLoop | None = None
        self.pending: list[tuple[int, list[str], dict[str, torch.Tensor]]] = []

    def before_train(self, runner: Runner) -> None:
        """Take the interval from the logger."""
        super().before_train(runner)
        self.interval = next((hook.interval for hook in runner.hooks if isinstance(hook, LoggerHook)), 50)
        self.loop = runner.train_loop
        self._start_clock()

    def after_train_iter(self, runner: Runner, batch_idx: int, data_batch: dict | None = None,
                         outputs: dict[str, torch.Tensor] | None = None) -> None:
        """Keep the step's losses; read what was kept when the log is due."""
        norms = {f'{player}/grad_norm': wrapper.grad_norm.clone() for player, wrapper in runner.optim_wrapper.items()
                 if isinstance(wrapper, PlayerOptimWrapper) and wrapper.grad_norm is not None}
        names = (data_batch or {}).get('sample', {}).get('name', [])
        self.pending.append((runner.iter, names, {**(outputs or {}), **norms}))
        self.steps += 1
        if (self.every_n_train_iters(runner, self.interval) or self.is_last_train_iter(runner)
                or self.end_of_epoch(runner.train_dataloader, batch_idx)):
            self._read(runner)
            self._measure(runner)

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Read what was kept, so that nothing is saved after a loss that was not finite."""
        self._read(runner)
        checkpoint['message_hub'] = runner.message_hub.state_dict()

    def after_val(self, runner: Runner) -> None:
        """Exclude validation from the speed of training."""
        super().after_val(runner)
        if self.loop:  # not where validation is all there is
            self._start_clock()

    def _read(self, runner: Runner) -> None:
        """Fetch all kept values in one transfer."""
        if not self.pending:
            return
        pending, self.pending = self.pending, []
        kept = [value.float().reshape(()) for *_, step in pending for value in step.values()]
        values = iter(torch.stack(kept).tolist())
        for iteration, names, step in pending:
            numbers = {term: next(values) for term in step}
            self._check(runner, iteration, names, numbers)
            for term, number in numbers.items():
                runner.message_hub.update_scalar(f'train/{term}', number)
        for buffer in runner.message_hub.log_scalars.values():
            buffer.max_length = self.history

    def _check(self, runner: Runner, iteration: int, names: list[str], numbers: dict[str, float]) -> None:
        wrong = {term: number for term, number in numbers.items() if not math.isfinite(number)}
        if wrong:
            raise FloatingPointError(
                f'Iteration {iteration + 1}: {", ".join(f"{term} is {number}" for term, number in wrong.items())}, on '
                f'the samples {", ".join(names) or "(unnamed)"}. Training stops; {kept_note(runner.work_dir)}. '
                'Look at these samples, lower the learning rate, or drop the term to find the cause.')

    def _start_clock(self) -> None:
        self.steps, self.since, self.waited = 0, time.perf_counter(), self._waited_so_far()

    def _waited_so_far(self) -> float:
        return self.loop.waited if self.loop else 0.0

    def _measure(self, runner: Runner) -> None:
        seconds, waited = time.perf_counter() - self.since, self._waited_so_far() - self.waited
        images = self.steps * runner.train_dataloader.batch_size * get_world_size()
        runner.message_hub.update_scalar('train/images_per_second', images / seconds)
        runner.message_hub.update_scalar('train/data_percent', 100 * waited / seconds)
        if not torch.cuda.is_available():  # on a GPU mmengine logs it
            runner.message_hub.update_scalar('train/memory', peak_memory())
        self._start_clock()

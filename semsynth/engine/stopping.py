"""SIGTERM and SIGINT: training ends after a step, the same one on all ranks, and writes a checkpoint."""

from __future__ import annotations

import math
import mmap
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import torch
from mmengine.dist import get_world_size
from mmengine.hooks import CheckpointHook, EMAHook, Hook
from mmengine.optim import OptimWrapperDict
from mmengine.runner import Runner
from torch import distributed
from torch.utils.data import DataLoader

REPEATED = 1.0
"""Seconds in which a further SIGTERM is the same one: schedulers and torchrun both send it to every process."""


class Stopped(SystemExit):
    """Raised when training has ended on a signal: exit status 143 after SIGTERM, 130 after SIGINT."""


class Signals:
    """The signals that this process has received while it trains.

    A thread listens, for Python's own handlers wait until the main thread comes back from whatever it computes, or from
    a collective that hangs: a second signal could not end it.

    Attributes:
        received: number of the first signal; 0 for none.
    """

    def __init__(self):
        self.received = 0
        self._before: dict[int, Any] = {}  # handlers, as signal.signal gives and takes them
        self._ended = mmap.mmap(-1, 1)  # data workers see it, too; each training has its own
        self._forks_are_watched = False

    def listen(self) -> None:
        """Begin to listen, if it does not yet; in the main thread only, which alone receives signals in Python."""
        if self._before or threading.current_thread() is not threading.main_thread():
            return
        self.received, self._ended, self._process = 0, mmap.mmap(-1, 1), os.getpid()
        if not self._forks_are_watched:
            os.register_at_fork(after_in_child=self._forget)
            self._forks_are_watched = True
        reader, self._writer = os.pipe()
        os.set_blocking(self._writer, False)
        self._wakeup = signal.set_wakeup_fd(self._writer, warn_on_full_buffer=False)
        self._before = {number: signal.signal(number, self._handle) for number in (signal.SIGTERM, signal.SIGINT)}
        threading.Thread(target=self._watch, args=(reader,), daemon=True).start()

    def release(self) -> None:
        """Stop listening: from now on a signal does what it did before."""
        if self._before:
            for number, handler in self._before.items():
                signal.signal(number, handler)
            signal.set_wakeup_fd(self._wakeup)
            os.close(self._writer)
            self._before, self._ended[0] = {}, 1

    def shield(self, loader: DataLoader) -> None:
        """Let a loader's forked workers outlive signals that everybody gets: the step needs its batch."""
        if self._before and multiprocessing.get_start_method() == 'fork':
            loader.worker_init_fn = partial(_shielded, self._handle, loader.worker_init_fn)

    def _watch(self, reader: int) -> None:
        first = 0.0
        while number := os.read(reader, 1):
            number = int.from_bytes(number)
            if number not in self._before:
                continue
            if self.received:
                if number == self.received == signal.SIGTERM and time.monotonic() < first + REPEATED:
                    continue
                os._exit(128 + number)
            first, self.received = time.monotonic(), number
            print(f'{signal.Signals(number).name}: training stops after this step, with a checkpoint; a second signal '
                  'ends it at once.', file=sys.stderr, flush=True)
        os.close(reader)

    def _handle(self, number: int, frame: object) -> None:
        """Nothing in training, where the thread has read it; a worker ends once training has."""
        if os.getpid() != self._process and self._ended[0]:
            os._exit(0)

    def _forget(self) -> None:
        if self._before:
            signal.set_wakeup_fd(-1)  # a worker's signals are its own


SIGNALS = Signals()
"""This process's: they come to it whole, whatever runs in it."""


def _shielded(handle: Callable, initialise: Callable | None, worker: int) -> None:
    for number in (signal.SIGTERM, signal.SIGINT):  # torch has set its own
        signal.signal(number, handle)
    if initialise:
        initialise(worker)


@contextmanager
def stoppable() -> Iterator[None]:
    """Within it, signals end training after a step, from its first one on; before, they end the process at once."""
    try:
        yield
    finally:
        SIGNALS.release()


class StopHook(Hook):
    """Looks after every step, and in validation, whether any rank was asked to end; saves, and ends all ranks.

    Ranks agree by a reduction of one number on the CPU: no device is waited for. In a validation that has not as many
    batches on each rank they agree only after it.
    """

    priority = 'LOWEST'  # the step is over: logged, scheduled and perhaps saved

    def __init__(self):
        self.asked = 0
        self.group: Any = None  # of processes; None: all, by the backend of training
        self.updates = 1

    def before_train(self, runner: Runner) -> None:
        """Begin to listen; end where a signal came between two stages."""
        SIGNALS.listen()
        for loop in filter(None, (runner.train_loop, runner.val_loop)):
            SIGNALS.shield(loop.dataloader)
        if get_world_size() > 1 and distributed.get_backend() != 'gloo':
            self.group = distributed.new_group(backend='gloo')
        self.updates = iterations_of_update(runner)
        if self._is_asked():
            self._end(runner, 'before a step' if runner.iter == 0 else f'at iteration {runner.iter}')

    def after_train_iter(self, runner: Runner, batch_idx: int, data_batch=None, outputs=None) -> None:
        """End after the step, or where gradients are gathered over several, after the last of them."""
        if self._is_asked() and (runner.iter + 1) % self.updates == 0:
            self._save_and_end(runner, runner.iter + 1)

    def before_val_epoch(self, runner: Runner) -> None:
        """Find out whether ranks can agree after every batch."""
        lengths = [len(runner.val_dataloader), -len(runner.val_dataloader)]
        longest, shortest = self._largest(lengths)
        self.is_even = longest == -shortest

    def after_val_iter(self, runner: Runner, batch_idx: int, data_batch=None, outputs=None) -> None:
        """End within validation, which a resumed run makes up for."""
        if self.is_even and self._is_asked():
            give_back_trained(runner)
            self._save_and_end(runner, runner.iter)

    def _is_asked(self) -> bool:
        self.asked = self.asked or self._largest([SIGNALS.received])[0]
        return bool(self.asked)

    def _largest(self, numbers: list[int]) -> list[int]:
        """The largest value of each number among all ranks."""
        if get_world_size() == 1:
            return numbers
        largest = torch.tensor(numbers)
        distributed.all_reduce(largest, distributed.ReduceOp.MAX, group=self.group)
        return largest.tolist()

    def _save_and_end(self, runner: Runner, iteration: int) -> None:
        path = save_now(runner, iteration)
        if path is None:
            self._end(runner, f'after iteration {iteration} of {runner.max_iters}, which is not saved, for '
                              f'default_hooks.checkpoint saves no iterations')
        self._end(runner, f'after iteration {iteration} of {runner.max_iters}, saved as {path}')

    def _end(self, runner: Runner, where: str) -> None:
        self._largest([0])  # wait for the rank that saves: what ends first makes torchrun end the others
        runner.logger.warning(f'Stopped by {signal.Signals(self.asked).name} {where}; the same command with --resume '
                              'goes on.')
        raise Stopped(128 + self.asked)


def iterations_of_update(runner: Runner) -> int:
    """After how many iterations no gradients are gathered, as segmentors may, that a checkpoint would lose."""
    wrapper = runner.optim_wrapper
    wrappers = wrapper.values() if isinstance(wrapper, OptimWrapperDict) else [wrapper]
    return math.lcm(*(each._accumulative_counts for each in wrappers))


def save_now(runner: Runner, iteration: int) -> str | None:
    """Write the checkpoint of an iteration that is over, unless it is there; its path, None where the config's
    checkpoints are not of iterations."""
    saver = next((hook for hook in runner.hooks if isinstance(hook, CheckpointHook)), None)
    if saver is None or saver.by_epoch:
        return None
    path = saver.file_backend.join_path(saver.out_dir, saver.filename_tmpl.format(iteration))
    if saver.last_ckpt != path:
        saver._save_checkpoint_with_step(runner, iteration, dict(epoch=runner.epoch, iter=iteration))
    return path


def give_back_trained(runner: Runner) -> None:
    """Within validation, put the weights that are trained back in the place of their average."""
    for hook in runner.hooks:
        if isinstance(hook, EMAHook):
            hook.after_val_epoch(runner)

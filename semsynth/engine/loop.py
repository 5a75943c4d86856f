"""The training loop."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import cast

from mmengine.dist import broadcast_object_list, get_world_size, is_main_process
from mmengine.runner import IterBasedTrainLoop, Runner
from torch import nn
from torch.utils.data import DataLoader

from semsynth.engine.sampler import ResumableSampler
from semsynth.engine.stopping import give_back_trained, iterations_of_update, save_now
from semsynth.errors import DataError
from semsynth.registry import LOOPS


@LOOPS.register_module()
class ResumableTrainLoop(IterBasedTrainLoop):
    """Trains by iterations, and resumes at the sample where a run ended, in the time of one batch.

    Args:
        runner: the runner.
        dataloader: with ``sampler=dict(type='ResumableSampler')``.
        max_iters: length of training in iterations; or
        max_epochs: in passes over the data, each of ``len(dataloader)`` iterations.
        val_begin: first iteration that may be validated.
        val_interval: iterations between validations; the last iteration is always validated.

    Attributes:
        waited: seconds spent so far on waiting for batches. (mmengine's ``data_time`` has pictures and checkpoints in
            it, too.)

    Raises:
        ValueError: not exactly one of the lengths is given, or the sampler is another.
    """

    def __init__(self, runner: Runner, dataloader: DataLoader | dict, max_iters: int | None = None,
                 max_epochs: int | None = None, val_begin: int = 1, val_interval: int = 5000):
        if (max_iters is None) == (max_epochs is None):
            raise ValueError(f'train_cfg takes either max_iters or max_epochs, but has max_iters={max_iters} and '
                             f'max_epochs={max_epochs}; set the other one to None.')
        if isinstance(dataloader, dict):
            dataloader = runner.build_dataloader(dataloader, seed=runner.seed)
        if not isinstance(dataloader.sampler, ResumableSampler) or dataloader.batch_size is None:
            raise ValueError(f'train_dataloader.sampler is {type(dataloader.sampler).__name__}, but training resumes '
                             "exactly only with sampler=dict(type='ResumableSampler') and a batch_size.")
        self.epoch_length = max(1, len(dataloader))  # 0 where drop_last meets fewer samples than a batch
        length = max_iters if max_epochs is None else self.epoch_length * max_epochs
        super().__init__(runner, dataloader, cast(int, length), val_begin=val_begin, val_interval=val_interval)
        self._max_epochs = math.ceil(self.max_iters / self.epoch_length)
        self.waited = 0.0

    @property
    def epoch(self) -> int:
        """Number of whole passes over the data so far."""
        return self._iter // self.epoch_length

    @property
    def _record(self) -> Path:
        """The file with the number of the last validated iteration; checkpoints are written before validation."""
        return Path(self.runner.work_dir, 'last_validation')

    def run(self) -> nn.Module:
        """Train to the end."""
        self.runner.call_hook('before_train')
        self.runner.call_hook('before_train_epoch')
        self.dataloader.sampler.enter(self.runner.seed, drawn=self._iter * self.dataloader.batch_size)
        if self._iter == 0 and is_main_process():
            self._record.unlink(missing_ok=True)
        if self._iter > 0 and self._is_validation_due() and not self._was_validated():
            self._validate()
        if self._iter >= self.max_iters:
            self.runner.logger.warning(f'Training is finished already: {self._iter} of {self.max_iters} iterations are '
                                       'done. To train on, raise train_cfg.max_iters.')
        batches = iter(self.dataloader)
        while self._iter < self.max_iters and not self.stop_training:
            self.runner.model.train()
            started = time.perf_counter()
            with self._saving():
                batch = next(batches)
            self.waited += time.perf_counter() - started
            self.run_iter(batch)
            if self._is_validation_due():
                self._validate()
        self.runner.call_hook('after_train_epoch')
        self.runner.call_hook('after_train')
        return self.runner.model

    @contextmanager
    def _saving(self) -> Iterator[None]:
        """Save a checkpoint where data turn out unsound, then pass the error on.

        On several ranks it is not: the others are in their next step already, and wait for this one.
        """
        try:
            yield
        except DataError as error:
            if self._iter and get_world_size() == 1 and self._iter % iterations_of_update(self.runner) == 0:
                path = save_now(self.runner, self._iter)
                if path is not None:
                    error.add_note(f'The {self._iter} iterations so far are saved as {path}; once the files are '
                                   'mended, the same command with --resume goes on from there.')
            raise

    def _is_validation_due(self) -> bool:
        return (self.runner.val_loop is not None and self._iter >= self.val_begin
                and (self._iter % self.val_interval == 0 or self._iter == self.max_iters))

    def _validate(self) -> None:
        with self._saving():
            try:
                self.runner.val_loop.run()
            except DataError:
                give_back_trained(self.runner)
                raise
        if is_main_process():
            self._record.write_text(str(self._iter))

    def _was_validated(self) -> bool:
        """Whether the run that wrote the checkpoint finished this iteration's validation; rank 0 decides."""
        answer = [self._record.is_file() and self._record.read_text() == str(self._iter)]
        broadcast_object_list(answer)
        return answer[0]

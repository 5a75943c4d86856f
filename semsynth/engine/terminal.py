"""What a run says on the terminal: all else is in its log file alone."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import mmengine
from mmengine.dist import is_main_process
from mmengine.logging import MMLogger
from mmengine.runner import BaseLoop, Runner
from mmengine.visualization import Visualizer
from torch import nn

PROGRESS = ('Iter(', 'Epoch(', 'Saving checkpoint')
"""How mmengine's lines begin that people wait for."""
NOISE = ('"FileClient" will be deprecated', '"HardDiskBackend" is the alias', 'The prefix is not set in metric class')
"""How mmengine's warnings about its own code begin, which are written nowhere."""
LIBRARY = str(Path(mmengine.__file__).parent)


class QuietRunner(Runner):
    """mmengine's runner, which leaves what it says of machine, config and hooks to its log file.

    On the terminal are lines of progress, warnings, and what hooks of this library or of others say. If settings or
    data turn out unsound before the first step, the folder of the log goes again: it says no more than the error does.
    """

    _log_dir = ''  # until mmengine has made it
    _begun_at: int | None = None

    def __init__(self, *args, **kwargs):
        with self._tidy():
            super().__init__(*args, **kwargs)

    def load_or_resume(self) -> None:
        """As mmengine's; then the run stands at its first iteration."""
        super().load_or_resume()
        if isinstance(self._train_loop, BaseLoop):  # else asking for the iteration would build it
            self._begun_at = self.iter

    def train(self) -> nn.Module:
        """Train."""
        with self._tidy():
            return super().train()

    def build_test_loop(self, loop: dict | BaseLoop) -> BaseLoop:
        """The loop that judges, with its evaluators."""
        with self._tidy():
            return super().build_test_loop(loop)

    @contextmanager
    def _tidy(self) -> Iterator[None]:
        try:
            yield
        except (ValueError, TypeError, KeyError, OSError):  # what a user can mend; the log tells more of all others
            if self._log_dir and is_main_process() and (self._begun_at is None or self.iter == self._begun_at):
                MMLogger._instance_dict.pop(self._experiment_name, None)  # else a run of the same second would write
                if visualizer := Visualizer._instance_dict.pop(self._experiment_name, None):
                    visualizer.close()  # else TensorBoard's thread would write into the folder when it is gone
                shutil.rmtree(self._log_dir, ignore_errors=True)
            raise

    def build_logger(self, *args, **kwargs) -> MMLogger:
        """The run's logger."""
        logger = super().build_logger(*args, **kwargs)
        logger.addFilter(_is_no_noise)
        for handler in logger.handlers:
            if not isinstance(handler, logging.FileHandler):
                handler.addFilter(_is_for_people)
        return logger


def _is_no_noise(record: logging.LogRecord) -> bool:
    return not record.getMessage().startswith(NOISE)


def _is_for_people(record: logging.LogRecord) -> bool:
    return (record.levelno > logging.INFO or not record.pathname.startswith(LIBRARY)
            or record.getMessage().startswith(PROGRESS))

"""What a run says on the terminal: all else is in its log file alone."""

from __future__ import annotations

import logging
from pathlib import Path

import mmengine
from mmengine.logging import MMLogger
from mmengine.runner import Runner

PROGRESS = ('Iter(', 'Epoch(', 'Saving checkpoint')
"""How mmengine's lines begin that people wait for."""
NOISE = ('"FileClient" will be deprecated', '"HardDiskBackend" is the alias', 'The prefix is not set in metric class')
"""How mmengine's warnings about its own code begin, which are written nowhere."""
LIBRARY = str(Path(mmengine.__file__).parent)


class QuietRunner(Runner):
    """mmengine's runner, which leaves what it says of machine, config and hooks to its log file.

    On the terminal are lines of progress, warnings, and what hooks of this library or of others say.
    """

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

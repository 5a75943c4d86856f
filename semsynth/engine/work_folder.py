"""The work folder: locked for one training at a time; an earlier run in it is renamed, not overwritten."""

from __future__ import annotations

import os
import re
import socket
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import TextIO

from mmengine.config import Config
from mmengine.dist import broadcast_object_list, is_main_process

from semsynth.engine.checkpoint import kept_note
from semsynth.writing import FULL, cannot_write, check_place

LOCK = '.lock'
"""Lock file in a folder; it names the process that holds the lock."""
TRAINED = re.compile(r'(?:iter_\d+|epoch_\d+|best_.+|final)\.pth')
"""Names of the weights that a training writes; a user's own files are no earlier run."""
_held: set[tuple[int, int]] = set()
"""Lock files that this process holds: the system would let it lock them twice."""


@contextmanager
def locked(folder: Path, work: str, remedy: str) -> Iterator[None]:
    """Lock a folder for this process; the lock ends with the process, however that ends.

    The lock is the system's (POSIX's, which data workers do not inherit and network file systems have): one that a
    dead process left does not count. Where a file system has none, nothing is kept.

    Args:
        folder: is made where it is not there.
        work: what goes on in the folder, for the message.
        remedy: ends the message of the one who comes second.

    Raises:
        ValueError: another process, or this one, has the folder; says which. Or it is a file.
        OSError: it cannot be made or written.
    """
    path = folder / LOCK
    if path.exists() and _place(path) in _held:  # not even opened: the system would take it for given back
        raise ValueError(f'Another {work} of this process is at work in {folder}: {remedy}.')
    check_place(folder.resolve())  # also where a link leads to
    try:
        folder.resolve().mkdir(parents=True, exist_ok=True)
        file = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o666), 'r+', encoding='utf-8')
    except OSError as error:
        raise cannot_write(folder, error) from error
    with file:
        place = _place(file.fileno())
        # another file by now: somebody has set the folder aside since
        if not _lock(file) or not path.exists() or _place(path) != place:
            raise ValueError(f'Another {work} is at work in {folder} ({file.read() or "just begun"}): {remedy}.')
        _held.add(place)
        try:
            file.truncate(0)
            file.write(f'process {os.getpid()} on {socket.gethostname()}, since {time.strftime("%Y-%m-%d %H:%M:%S")}')
            file.flush()
            yield
        finally:
            _held.remove(place)


@contextmanager
def work_folder(folder: Path, configs: Sequence[Config], *, resume: bool) -> Iterator[None]:
    """Lock the work folder of a training of any number of ranks; the first rank holds the lock.

    Without ``resume`` the training starts in an empty folder, or in one without trained weights: one that holds some is
    renamed to ``NAME_before_TIME``, whole, for all in it belongs to that run. If the training ends in an error before
    it has saved anything, that run gets its name back, and what is left of this one is in ``NAME_failed_TIME``.

    Args:
        folder: of the training, with all its stages.
        configs: of every stage.
        resume: whether the run that is in the folder goes on.

    Raises:
        ValueError: another training is at work in the folder, or it cannot be renamed; on all ranks.
        OSError: it cannot be made or written, or its disk is full, now or later; on all ranks, if now.
    """
    with ExitStack() as held:
        told: list[Exception | None] = [None]
        aside = None
        if is_main_process():
            try:
                aside = _take(folder, configs, resume, held)
            except (ValueError, OSError) as error:
                told = [error]
        broadcast_object_list(told)
        if told[0]:
            raise told[0]
        try:
            yield
        except Exception as error:
            if aside and not _is_trained(folder):
                _put_back(folder, aside)
            if not isinstance(error, OSError) or error.errno not in FULL:
                raise
            kept = '; '.join(kept_note(place) for place in [folder, *_stages(folder)])
            raise OSError(f'The disk of {folder} is full, and training stops ({error}): {kept}. Make room there, then '
                          'give the same command with --resume.') from error


def _take(folder: Path, configs: Sequence[Config], resume: bool, held: ExitStack) -> Path | None:
    """Lock the folder, and return the new name of an earlier run that was in it."""
    lock = partial(locked, folder, 'training', 'wait for it, end it, or give another --work-dir')
    held.enter_context(lock())
    if resume or not _is_trained(folder):
        return None
    aside = set_aside(folder, configs)
    held.close()  # it is the old folder's lock
    held.enter_context(lock())
    print(f'{folder} held an earlier run, which is now in {aside}.', file=sys.stderr)
    return aside


def _put_back(folder: Path, aside: Path) -> None:
    folder, (name, _, when) = folder.resolve(), aside.name.rpartition('_before_')
    failed = aside.with_name(f'{name}_failed_{when}')
    try:
        folder.rename(failed)
        aside.rename(folder)
    except OSError:  # it stays where the message above says
        return
    print(f'{folder} is the earlier run again: this one has ended before it saved anything. What it left is in '
          f'{failed}.', file=sys.stderr)


def set_aside(folder: Path, configs: Sequence[Config] = ()) -> Path:
    """Rename a folder to ``NAME_before_TIME``.

    Args:
        folder: of a run, or of a stage; where it is a link, what it leads to is renamed.
        configs: of the run that needs the place; nothing that they read may move.

    Returns:
        The new name.

    Raises:
        ValueError: the folder has to stay where it is; says why.
    """
    folder = folder.resolve()
    used = next((text for config in configs for text in _inside(folder, [config.filename, config.to_dict()])), None)
    why = (f'{used}, which this run reads, is in it' if used else 'it is the current folder, or holds it'
           if Path.cwd().is_relative_to(folder) else 'it is a mount point' if folder.is_mount() else None)
    aside = folder.with_name(f'{folder.name}_before_{time.strftime("%Y%m%d_%H%M%S")}')
    while aside.exists():
        aside = aside.with_name(f'{aside.name}_')
    try:
        if not why:
            return folder.rename(aside)
    except OSError as error:
        why = error.strerror
    raise ValueError(f'{folder} holds an earlier run, and cannot be renamed to keep that ({why}): give another '
                     '--work-dir, or go on with the earlier run by --resume.')


def _is_trained(folder: Path) -> bool:
    """Whether there are weights that a new run would overwrite, or take for its own on resuming."""
    return any(TRAINED.fullmatch(path.name) for place in [folder, *_stages(folder)] for path in place.glob('*.pth'))


def _stages(folder: Path) -> list[Path]:
    return [path for path in folder.glob('stage_*') if re.fullmatch(r'stage_\d+', path.name)]


def _inside(folder: Path, value: object) -> Iterator[str]:
    """The settings that name a folder or something in it."""
    if isinstance(value, dict):
        value = [part for key, part in value.items() if key != 'work_dir']
    if isinstance(value, list | tuple):
        for part in value:
            yield from _inside(folder, part)
    # Path.exists() raises for texts that cannot be a path
    elif isinstance(value, str) and os.path.exists(value) and Path(value).resolve().is_relative_to(folder):  # noqa: PTH110
        yield value


def _lock(file: TextIO) -> bool:
    import fcntl  # not on Windows, where only inference is meant to run

    try:
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):  # POSIX lets systems answer either where another has it
        return False
    except OSError:  # a file system without locks
        pass
    return True


def _place(file: int | Path) -> tuple[int, int]:
    found = os.fstat(file) if isinstance(file, int) else file.stat()
    return found.st_dev, found.st_ino

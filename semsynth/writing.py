"""Files that are whole or absent."""

from __future__ import annotations

import errno
import io
import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image

try:
    from fcntl import LOCK_EX, LOCK_NB, flock
except ImportError:  # Windows, where only inference is meant to run: there dead parts stay
    LOCK_EX = LOCK_NB = 0  # type: ignore[misc]  # constants, where there is fcntl

    def flock(file: BinaryIO, operation: int) -> None:  # type: ignore[misc]  # fcntl's takes more kinds of files
        """As on a file system without locks."""
        raise OSError(errno.ENOLCK, 'no locks')

FULL = (errno.ENOSPC, errno.EDQUOT)
"""What the system says where a disk, or somebody's share of it, is full."""
_PART = re.compile(r'\..+\.[0-9a-f]{16}\.part|\.iter_\d+\.pth\.part')
"""Names of files that are being written; the second kind is that of older versions."""
_swept: set[Path] = set()
"""Folders that this process has cleared of what dead writers left."""


def write_whole(path: str | Path, content: bytes) -> Path:
    """Write a file under another name first and rename it, so that a file with its own name is whole.

    After a crash the file holds the old bytes or the new ones. Several processes may write one file at once: the last
    one's bytes stay.

    Raises:
        OSError: the folder cannot be made or written, or the disk is full; one sentence, and nothing is left behind.
    """
    path = Path(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.parent not in _swept:
            _swept.add(path.parent)
            remove_dead_parts(path.parent)
        with _part_of(path) as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
            Path(file.name).replace(path)
        if hasattr(os, 'O_DIRECTORY'):  # Windows cannot open folders
            folder = os.open(path.parent, os.O_RDONLY)
            os.fsync(folder)
            os.close(folder)
    except OSError as error:
        raise cannot_write(path, error) from error
    return path


def cannot_write(path: str | Path, error: OSError) -> OSError:
    """The error that says in one sentence what cannot be written, and why."""
    remedy = ' Make room on that disk.' if error.errno in FULL else ''
    told = OSError(f'{path} cannot be written ({error.strerror or error}).{remedy}')
    told.errno = error.errno
    return told


@contextmanager
def _part_of(path: Path) -> Iterator[BinaryIO]:
    """The file that becomes another one; where that does not happen, it is removed."""
    while True:
        # a name of each writer's own, not too long for any file system
        part = path.with_name(f'.{path.name[:50]}.{secrets.token_hex(8)}.part')
        with part.open('xb') as file:
            with suppress(OSError):  # not every file system has locks
                flock(file, LOCK_EX)  # says that the writer lives
            if not part.exists():  # somebody swept between these two lines
                continue
            try:
                yield file
            finally:
                part.unlink(missing_ok=True)
            return


def remove_dead_parts(folder: Path) -> None:
    """Remove the unfinished files of a folder whose writers have died."""
    for part in folder.glob('.*.part'):
        if _PART.fullmatch(part.name):
            # an error: its writer lives, or somebody else has removed it
            with suppress(OSError), part.open('r+b') as file:
                flock(file, LOCK_EX | LOCK_NB)
                part.unlink()


def write_png(path: str | Path, picture: np.ndarray) -> Path:
    """Write a picture, ``(H, W, 3)`` uint8 RGB, as PNG; or ids, ``(H, W)`` uint8 or uint16."""
    return write_whole(path, encode_png(picture))


def encode_png(picture: np.ndarray) -> bytes:
    """The PNG file of what :func:`write_png` takes."""
    file = io.BytesIO()
    Image.fromarray(picture).save(file, 'PNG')
    return file.getvalue()

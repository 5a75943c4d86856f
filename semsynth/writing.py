"""Output files: checks of their paths before work begins, and writing so that a file is whole or absent."""

from __future__ import annotations

import errno
import hashlib
import io
import json
import os
import re
import secrets
import stat
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from PIL import Image

try:
    from fcntl import LOCK_EX, LOCK_NB, flock
except ImportError:  # Windows, where only inference is meant to run: there dead parts stay
    LOCK_EX = LOCK_NB = 0  # type: ignore[misc]  # constants, where there is fcntl

    def flock(file: BinaryIO, operation: int) -> None:  # type: ignore[misc]  # fcntl's takes more kinds of files
        """As on a file system without locks."""
        raise OSError(errno.ENOLCK, 'no locks')

Place = str | Path

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


def write_json(path: str | Path, content: Any, indent: int = 2) -> Path:
    """Write plain data as JSON, whole or not at all; returns the path."""
    return write_whole(path, f'{json.dumps(content, indent=indent, ensure_ascii=False)}\n'.encode())


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
    """The PNG file of what ``write_png`` takes."""
    file = io.BytesIO()
    Image.fromarray(picture).save(file, 'PNG')
    return file.getvalue()


def check_out_file(out: Place, reads: Iterable[Place | None] = ()) -> Path:
    """The path of a file to write.

    Args:
        out: the file; what is there already is replaced.
        reads: files that the work reads; entries that are no paths, such as None, do not count.

    Raises:
        ValueError: it is a folder or one of ``reads``, by whatever name, or its folder cannot be made or written.
    """
    out = Path(out)
    if _kind(out) == 'folder':
        raise ValueError(f'{out} is a folder, but a file is written: name a file, such as {out / "result"}.')
    check_place(out.parent)
    if (key := _key(out)) and (read := _by_key(reads).get(key)):
        raise ValueError(f'{_also(out, read)} is read, and writing would replace it: name another file.')
    return out


def check_out_folder(out: Place, reads: Iterable[Place | None] = (), kept: Iterable[Place] = (),
                     names: Iterable[str] = ()) -> Path:
    """The path of a folder to write files into.

    Args:
        out: the folder, there or not.
        reads: files and folders that the work reads; entries that are no paths do not count.
        kept: folders of a data set, which nothing is written into.
        names: of the files to write, where they are known.

    Raises:
        ValueError: it is a file, it cannot be made or written, it is one of ``reads`` or holds one of them directly, by
            whatever name, it is or lies in one of ``kept``, or one of ``names`` is one of ``reads`` there.
    """
    out = Path(out)
    if _kind(out) == 'file':
        raise ValueError(f'{out} is a file, but results go into a folder: name another one.')
    check_place(out)
    read_keys, kept_keys = _by_key(reads), _by_key(kept)
    folders = _by_key(Path(read) if Path(read).is_dir() else Path(read).parent for read in read_keys.values())
    if read := folders.get(_key(out)):
        raise ValueError(f'{_also(out, read)} is a folder that is read from, and results would replace what is in it: '
                         'name another folder.')
    if kept_keys and (folder := next((kept_keys[key] for above in (out, *out.resolve().parents)
                                      if (key := _key(above)) in kept_keys), None)):
        raise ValueError(f'{out} is or lies in {folder}, which holds the data set, and results would be taken for data '
                         'or replace them: name a folder outside.')
    for name in names if read_keys and out.is_dir() else ():
        if read := read_keys.get(_key(out / name)):
            raise ValueError(f'{_also(out / name, read)} is read, and a result would replace it: name another folder.')
    return out


def place_of_result(out: Place | None, usual: Path, settings: str, settings_in: Callable[[Path], str | None], *,
                    own: bool = True) -> Path:
    """The path of a result, which replaces only an earlier version of the same result.

    Args:
        out: as asked for; None: ``usual``, or with the settings added to its name where that holds another result.
        usual: the name of a result that nothing special was asked for.
        settings: all that the result depends on, by ``hash_settings``.
        settings_in: finds those of a file that is there, None where it is no result.
        own: whether nothing special was asked for; else ``usual`` is left to what is.

    Raises:
        ValueError: ``out`` is no place for a file, or holds another result or something else.
    """
    if out is None:
        free = own and (not usual.exists() or settings_in(usual) == settings)
        return usual if free else usual.with_stem(f'{usual.stem}_{settings}')
    out = check_out_file(out)
    if out.exists() and settings_in(out) != settings:
        raise ValueError(f'{out} is there already and holds something else than this result, which would be lost: name '
                         'another file, or remove it.')
    return out


def hash_settings(**settings: Any) -> str:
    """Eight hexadecimal digits of the settings' hash."""
    return hashlib.sha256(json.dumps(settings, sort_keys=True, default=str).encode()).hexdigest()[:8]


def check_place(folder: Path) -> None:
    """Refuse a folder that can neither be written nor made."""
    whole = folder.resolve()
    for above in (whole, *whole.parents):
        match _kind(above):
            case 'file':
                raise ValueError(f'{folder} can be no folder, since {above} is a file: name another place.')
            case 'folder':
                if not os.access(above, os.W_OK | os.X_OK):
                    raise ValueError(f'{folder} cannot be written (no right to write into {above}): name another place '
                                     'or change the rights.')
                return


def _kind(path: Path) -> str | None:
    try:
        return 'folder' if stat.S_ISDIR(path.resolve().stat().st_mode) else 'file'
    except (FileNotFoundError, NotADirectoryError):
        return 'file' if path.is_symlink() else None
    except (OSError, ValueError, RuntimeError) as error:
        reason = getattr(error, 'strerror', None) or error
        raise ValueError(f'{path} can be no path ({reason}): name another one.') from None


def _by_key(paths: Iterable[Place | None]) -> dict[tuple[int, int] | None, Place]:
    """The paths by what tells files apart, those that there are."""
    found = {_key(path): path for path in paths if isinstance(path, str | Path)}
    return {key: path for key, path in found.items() if key}


def _key(path: Place) -> tuple[int, int] | None:
    """Device and number of a file: one for all its names, links and spellings."""
    try:
        about = Path(path).resolve().stat()  # a folder that is not there yet may lie between
    except (OSError, ValueError, RuntimeError):  # the last: a loop of links, in Python before 3.13
        return None
    return about.st_dev, about.st_ino


def _also(path: Path, read: Place) -> str:
    return f'{path}' if Path(read) == path else f'{path} ({read})'

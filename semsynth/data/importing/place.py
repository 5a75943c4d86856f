"""Where an import goes: a folder that appears when it is whole."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from semsynth.errors import first_few
from semsynth.writing import LOCK_EX, LOCK_NB, flock

NOTE = 'import.json'
"""Says what an import wrote, and from what."""
FOLDERS = ('images', 'labels', 'instances')


def check_free(out: Path) -> None:
    """Refuse a folder that holds anything but an import, or an import to which somebody has added, or whose configs
    somebody has changed."""
    entries = sorted(path.name for path in out.iterdir()) if out.is_dir() else []
    if not entries:
        return
    note = _read_note(out / NOTE)
    if note is None:
        raise ValueError(f'{out} holds other files ({first_few(entries)}) and no {NOTE}, as imports have it: name '
                         'another folder.')
    if strangers := [name for name in entries if name not in (*FOLDERS, NOTE, '__pycache__', *note)]:
        raise ValueError(f'{out} is an earlier import, but {first_few(strangers)} in it is of somebody else, and would '
                         'be lost: move it elsewhere, or name another folder.')
    if changed := [name for name, digest in note.items() if name in entries and _digest(out / name) != digest]:
        raise ValueError(f'{out / changed[0]} was changed after the import that wrote it, and would be lost: save it '
                         'under another name elsewhere and remove it here, or name another folder.')


@contextmanager
def folder_of_import(out: Path) -> Iterator[Path]:
    """Within this, an empty folder beside ``out``, which takes its place at the end, and is removed where that fails.

    Raises:
        ValueError: another import is writing into ``out``.
        OSError: it cannot be made.
    """
    out = out.resolve()
    part, old = (out.with_name(f'.{out.name}.{what}') for what in ('importing', 'replaced'))
    part.mkdir(parents=True, exist_ok=True)
    with (part / '.lock').open('wb') as lock:
        try:
            flock(lock, LOCK_EX | LOCK_NB)
        except BlockingIOError:
            raise ValueError(f'Another import is writing into {out}: wait until it is done.') from None
        except OSError:  # a file system without locks
            pass
        try:
            _empty(part, lock.name)
            yield part
            Path(lock.name).unlink()
            _replace(out, part, old)
        finally:
            shutil.rmtree(part, ignore_errors=True)


def write_note(folder: Path, about: Mapping[str, Any], files: Mapping[str, str]) -> None:
    """Write some text files into a folder of an import, and the note on it."""
    for name, text in files.items():
        (folder / name).write_text(text, encoding='utf-8')
    note = dict(about, files={name: _digest(folder / name) for name in files})
    (folder / NOTE).write_text(json.dumps(note, indent=2, ensure_ascii=False) + '\n', encoding='utf-8')


def _read_note(path: Path) -> dict[str, str] | None:
    """The hashes of the files that an import wrote; None where there is no note."""
    try:
        files = json.loads(path.read_bytes())['files']
        return {str(name): str(digest) for name, digest in files.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _replace(out: Path, part: Path, old: Path) -> None:
    shutil.rmtree(old, ignore_errors=True)
    if out.exists():
        out.rename(old)
    try:
        part.rename(out)
    except OSError:
        old.rename(out)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _empty(folder: Path, kept: str) -> None:
    """Remove what an import that was cut off has left."""
    for path in folder.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
        elif str(path) != kept:
            path.unlink()


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()

"""Where an import goes: a folder that appears when it is whole."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from semsynth.errors import first_few
from semsynth.writing import LOCK_EX, LOCK_NB, flock

NOTE = 'import.json'
"""Says what an import wrote, and from what."""
FOLDERS = ('images', 'labels', 'instances')


def check_free(out: Path) -> list[str]:
    """What somebody has added to an earlier import in a folder: names of files and folders, to be kept.

    Raises:
        ValueError: the folder holds something else than an import, or one whose configs somebody has changed.
    """
    entries = sorted(path.name for path in out.iterdir()) if out.is_dir() else []
    if not entries:
        return []
    note = _read_note(out / NOTE)
    if note is None:
        raise ValueError(f'{out} holds other files ({first_few(entries)}) and no {NOTE}, as imports have it: name '
                         'another folder.')
    if changed := [name for name, digest in note.items() if name in entries and _digest(out / name) != digest]:
        raise ValueError(f'{out / changed[0]} was changed after the import that wrote it, and would be replaced: '
                         'rename it, or name another folder.')
    return [name for name in entries if name not in (*FOLDERS, NOTE, *note)]


@contextmanager
def folder_of_import(out: Path, kept: Sequence[str] = ()) -> Iterator[Path]:
    """Within this, an empty folder beside ``out``, which takes its place at the end, and is removed where that fails.

    Args:
        out: the folder.
        kept: what of the folder that is there is kept: names of files and folders in it.

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
            for name in kept:
                _copy(out / name, part / name)
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


def _copy(path: Path, copy: Path) -> None:
    if path.is_dir():
        shutil.copytree(path, copy, symlinks=True)
    else:
        shutil.copy2(path, copy, follow_symlinks=False)


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

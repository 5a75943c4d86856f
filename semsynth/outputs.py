"""Where results go, looked at before work begins: nothing that is read is written onto, and no work is in vain."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from itertools import chain
from pathlib import Path

Place = str | Path


def check_out_file(out: Place, reads: Iterable[Place] = ()) -> Path:
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
    _check_place(out.parent)
    if (key := _key(out)) and (read := _by_key(reads).get(key)):
        raise ValueError(f'{_also(out, read)} is read, and writing would replace it: name another file.')
    return out


def check_out_folder(out: Place, reads: Iterable[Place] = (), kept: Iterable[Place] = ()) -> Path:
    """The path of a folder to write files into.

    Args:
        out: the folder, there or not.
        reads: files that the work reads, by names that results may have too; entries that are no paths do not count.
        kept: folders of a data set, which nothing is written into.

    Raises:
        ValueError: it is a file, it cannot be made or written, it holds one of ``reads``, by whatever name, or it is
            or lies in one of ``kept``.
    """
    out = Path(out)
    if _kind(out) == 'file':
        raise ValueError(f'{out} is a file, but results go into a folder: name another one.')
    _check_place(out)
    if not out.is_dir():
        out_and_above = [folder for folder in out.absolute().parents if folder.is_dir()]
    else:
        out_and_above = [out, *out.resolve().parents]
        reads = _by_key(reads)
        if read := reads.get(_key(out)) or _by_key(Path(read).parent for read in reads.values()).get(_key(out)):
            raise ValueError(f'{_also(out, read)} is a folder that is read from, and results would replace what is in '
                             'it: name another folder.')
        for entry in os.scandir(out):
            if read := reads.get(_key(entry.path)):
                raise ValueError(f'{out} holds {_also(Path(entry.path), read)}, which is read, and results would '
                                 'replace it: name another folder.')
    kept = _by_key(kept)
    if folder := next((kept[key] for above in out_and_above if (key := _key(above)) in kept), None):
        raise ValueError(f'{out} is or lies in {folder}, which holds the data set, and results would be taken for data '
                         'or replace them: name a folder outside.')
    return out


def _check_place(folder: Path) -> None:
    """Refuse a folder that can neither be written nor made."""
    for above in chain([folder], folder.absolute().parents):
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
        return 'folder' if stat.S_ISDIR(path.stat().st_mode) else 'file'
    except (FileNotFoundError, NotADirectoryError):
        return 'file' if path.is_symlink() else None
    except (OSError, ValueError) as error:
        reason = getattr(error, 'strerror', None) or error
        raise ValueError(f'{path} can be no path ({reason}): name another one.') from None


def _by_key(paths: Iterable[Place]) -> dict[tuple[int, int] | None, Place]:
    """The paths by what tells files apart, those that there are."""
    found = {_key(path): path for path in paths if isinstance(path, str | Path)}
    found.pop(None, None)
    return found


def _key(path: Place) -> tuple[int, int] | None:
    """Device and number of a file: one for all its names, links and spellings."""
    try:
        about = Path(path).stat()
    except (OSError, ValueError):
        return None
    return about.st_dev, about.st_ino


def _also(path: Path, read: Place) -> str:
    return f'{path}' if Path(read) == path else f'{path} ({read})'

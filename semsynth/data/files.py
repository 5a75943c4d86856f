"""Files of a data set: lists of the files in a folder, by stem."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TypeVar
from unicodedata import normalize

import numpy as np

from semsynth.errors import DataError

Item = TypeVar('Item')
JUNK = ('__MACOSX', '@eaDir', '#recycle', '$RECYCLE.BIN')
"""Folders that archives, network drives and recycle bins leave behind; they and hidden files hold no data."""


def find_by_stem(folder: str | Path, suffixes: Sequence[str], deep: bool = True) -> dict[str, list[str]]:
    """The files of a folder and its subfolders, by relative path without suffix, sorted.

    Args:
        folder: where to look; a folder that does not exist holds no files.
        suffixes: endings that count, as of ``stem_of``.
        deep: whether to look into subfolders.

    Returns:
        The paths under each stem: more than one where files differ only in their suffix.

    Raises:
        DataError: a folder cannot be listed, or links to a folder that it lies in.
    """
    found: dict[str, list[str]] = {}
    for name in sorted(list_files(folder, deep)):
        stem = stem_of(name, suffixes)
        if stem is not None:
            found.setdefault(stem, []).append(str(Path(folder, name)))
    return found


def stem_of(name: str, suffixes: Sequence[str]) -> str | None:
    """A file's name without its ending. Files are paired by it, and results are named after it.

    It is composed Unicode (NFC), as macOS and Linux may write one name in two ways.

    Args:
        name: of a file, perhaps with folders before it.
        suffixes: endings that count, in upper or lower case; of several that fit, the longest.

    Returns:
        The stem; None where the name has another ending.
    """
    fitting = [len(suffix) for suffix in suffixes if name.lower().endswith(suffix.lower())]
    return normalize('NFC', Path(name[:-max(fitting)]).as_posix()) if fitting else None


def list_files(folder: str | Path, deep: bool = True) -> Iterator[str]:
    """The files of a folder and, where ``deep``, its subfolders, as paths below it: nothing hidden, and no junk.

    Links to files and folders are followed; a link that leads nowhere is listed, so that whoever opens it can say so.

    Raises:
        DataError: a folder cannot be listed, or links to a folder that it lies in.
    """
    if Path(folder).is_dir():
        yield from _below(Path(folder), '', (Path(os.path.realpath(folder)),), deep)


def _below(folder: Path, inside: str, above: tuple[Path, ...], deep: bool) -> Iterator[str]:
    """The files below a folder; ``above`` holds the real paths of the folders that it lies in, the innermost last."""
    try:
        entries = [entry for entry in os.scandir(folder) if not (entry.name.startswith('.') or entry.name in JUNK)]
    except OSError as error:
        raise DataError(f'{folder} cannot be listed ({error.strerror}): give its files to the user who runs this, '
                        f'say with `chmod -R u+rX {folder}`.') from None
    for entry in entries:
        link = Path(os.path.realpath(entry.path)) if entry.is_symlink() else None
        if deep and link and any(each.is_relative_to(link) for each in above):
            raise DataError(f'{entry.path} is a link to {link}, a folder that it lies in itself, so that its files '
                            'have no end: remove the link.')
        if link.is_dir() if link else entry.is_dir():
            if deep:
                place = link or above[-1] / entry.name
                yield from _below(Path(entry.path), f'{inside}{entry.name}/', (*above, place), deep)
        else:
            yield f'{inside}{entry.name}'


def spread(scenes: list[Item], count: int) -> list[Item]:
    """So many of the scenes, or all where there are less, evenly spread, the first and the last one included."""
    places = np.linspace(0, len(scenes) - 1, min(count, len(scenes))).round().astype(int)
    return [scenes[place] for place in places.tolist()]

"""Shared steps of preparations: write the missing files, continue after a problem, report all problems at the end."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from rich.progress import track

from semsynth.errors import DataError
from semsynth.writing import write_whole

_LISTED = 20


@dataclass(frozen=True)
class Part:
    """Files that are made together, such as a photo and its label map.

    Args:
        paths: where they go.
        make: gives their contents in the same order; raises DataError where the download is wrong.
    """

    paths: tuple[Path, ...]
    make: Callable[[], Sequence[bytes]]


def write_parts(parts: Sequence[Part], title: str) -> list[str]:
    """Write the parts that are not there yet, each file whole or not at all, and show progress.

    Returns:
        One sentence for each part that could not be made; nothing of it is written.
    """
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return [problem for problem in track(pool.map(_write, parts), title, len(parts)) if problem]


def counts_differ(source: Path, counts: Mapping[str, int], official: Mapping[str, int]) -> list[str]:
    """One sentence for each split of a download whose number of scenes is not the official one."""
    return [f'{source} has {counts.get(split, 0)} scenes for {split}, but the official download has {number}: it is '
            'not whole; download or unpack it again, then run this again.'
            for split, number in official.items() if counts.get(split, 0) != number]


def refuse(problems: Sequence[str]) -> None:
    """Raise DataError with the problems, a line each, if there are any."""
    if problems:
        more = [f'And {len(problems) - _LISTED} problems more.'] if len(problems) > _LISTED else []
        raise DataError('\n'.join([*problems[:_LISTED], *more]))


def _write(part: Part) -> str | None:
    if all(path.is_file() for path in part.paths):
        return None
    try:
        contents = part.make()
    except DataError as error:
        return str(error)
    for path, content in zip(part.paths, contents, strict=True):
        write_whole(path, content)
    return None

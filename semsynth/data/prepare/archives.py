"""Files of a download by name, whether it is packed or unpacked."""

from __future__ import annotations

import stat
import zlib
from collections.abc import Callable
from functools import partial
from pathlib import Path
from zipfile import BadZipFile, ZipFile, ZipInfo

from semsynth.errors import DataError

MOST_MEMBERS = 10**6
LARGEST_MEMBER = 2**30
"""Bytes; COCO's annotations have half of it."""
LARGEST_RATIO = 50
"""Of an archive's unpacked bytes to its own; pictures can hardly be packed, and COCO's annotations to a quarter."""

Read = Callable[[], bytes]
"""Gives the content of a file; raises DataError where it is damaged."""


def open_archive(path: Path, hint: str) -> ZipFile:
    """Open a zip archive.

    Args:
        path: of the archive.
        hint: what to do where there is none.

    Raises:
        DataError: the archive is absent or torn, or would unpack to more than any data set.
    """
    try:
        archive = ZipFile(path)
    except FileNotFoundError:
        raise DataError(f'There is no {path}: {hint}') from None
    except BadZipFile as error:
        raise DataError(f'{path} is no whole zip archive ({error}): download it again.') from None
    members = archive.infolist()
    unpacked, largest = sum(info.file_size for info in members), max((info.file_size for info in members), default=0)
    if len(members) > MOST_MEMBERS or largest > LARGEST_MEMBER or (
            unpacked > LARGEST_RATIO * max(path.stat().st_size, 2**20)):
        raise DataError(f'{path} would unpack to {len(members)} files and {unpacked / 2**30:.1f} GiB, the largest of '
                        f'{largest / 2**30:.1f}, which is no data set: download it again.')
    if links := [info.filename for info in members if stat.S_ISLNK(info.external_attr >> 16)]:
        raise DataError(f'{path} holds links, such as {links[0]}, and a data set has none: download it again.')
    return archive


def read_member(archive: ZipFile, info: ZipInfo) -> bytes:
    """A member's content, compared with its checksum.

    Raises:
        DataError: it is damaged.
    """
    try:
        return archive.read(info)
    except (BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:  # the last: a password
        raise DataError(f'{info.filename} is damaged in {archive.filename} ({error}): download it again.') from None


def download_files(folder: Path, name: str, unpacked: tuple[str, ...] = ()) -> dict[str, Read]:
    """The files of one download.

    Args:
        folder: where the downloads are.
        name: the archive's name without ``.zip``; a folder of that name is taken for what was unpacked from it.
        unpacked: other names of that folder, such as the one that the archive itself makes.

    Returns:
        What reads each file, by its path inside the archive, or below ``folder``.

    Raises:
        DataError: there is neither, or the archive is torn.
    """
    for place in (folder / each for each in (name, *unpacked)):
        if place.is_dir():
            return {path.relative_to(folder).as_posix(): path.read_bytes for path in sorted(place.rglob('*.*'))}
    archive = open_archive(folder / f'{name}.zip', f'download it there, or unpack it into {folder / name}.')
    return {info.filename: partial(read_member, archive, info) for info in archive.infolist()}

"""Photos of an export: found by what its annotations call them, and named."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path, PurePosixPath
from unicodedata import normalize
from urllib.parse import parse_qs, unquote, urlsplit

from semsynth.data.files import list_files, stem_of
from semsynth.data.importing.pairs import split_of
from semsynth.data.pictures import PHOTO_SUFFIXES
from semsynth.errors import DataError, first_few

ELSEWHERE = ('annotations', 'labels', 'labelme', 'json')
"""Folders of annotations alone, whose photos lie beside them."""
_UPLOADED = re.compile(r'[0-9a-f]{8}-(?=.)')
"""What Label Studio writes before the name of a photo that is uploaded to it."""


class Photos:
    """The photos of an export.

    Args:
        photos: files; those that are no photos do not count.
    """

    def __init__(self, photos: Iterable[Path]):
        self._by_name: dict[str, list[Path]] = {}
        for photo in photos:
            if stem_of(photo.name, PHOTO_SUFFIXES) is not None:
                self._by_name.setdefault(normalize('NFC', photo.name), []).append(photo)

    def find(self, name: str, file: Path) -> Path | None:
        """The photo that annotations call so.

        Args:
            name: a path by any system's rules, from the file's folder or from anywhere, or an address in the web. Where
                there is no such photo, one of this name in other folders is taken, those that are called alike first.
            file: of the annotations.

        Returns:
            The photo; None where there is none.

        Raises:
            DataError: several photos are meant as well.
        """
        parts = _parts(name)
        if not parts:
            return None
        found = self._by_name.get(parts[-1]) or self._by_name.get(_UPLOADED.sub('', parts[-1], count=1), [])
        direct = _whole(file.parent / name.replace('\\', '/'))
        if exact := next((path for path in found if _whole(path) == direct), None):
            return exact
        alike = [_alike(path, parts) for path in found]
        best = [path for path, count in zip(found, alike, strict=True) if count == max(alike)]
        if len(best) > 1:
            raise DataError(f'{name} in {file} may be {first_few(best)}: name their folder by --photos.')
        return best[0] if best else None


def photos_below(path: Path) -> Iterator[Path]:
    """The files among which an export's photos are.

    Args:
        path: the export, a folder or a file. Photos lie below it, or below the folder that a file is in; or beside that
            folder, if it is one of annotations alone.
    """
    folder = path if path.is_dir() else path.parent
    if folder.absolute().name.lower() in ELSEWHERE:
        folder = folder.absolute().parent
    return (folder / below for below in sorted(list_files(folder)))


def short_names(photos: Sequence[Path]) -> list[str]:
    """Names of scenes: those of their photos without endings, with folders only where they are needed to tell them
    apart.

    Raises:
        DataError: two photos differ in nothing but their ending.
    """
    stems = [normalize('NFC', photo.stem) for photo in photos]
    if len(set(stems)) == len(stems):
        return stems
    above = os.path.commonpath([photo.parent.absolute() for photo in photos])
    names = [normalize('NFC', photo.absolute().relative_to(above).with_suffix('').as_posix()) for photo in photos]
    if twins := [name for name, count in Counter(names).items() if count > 1]:
        both = [photo for photo, name in zip(photos, names, strict=True) if name == twins[0]]
        raise DataError(f'{both[0]} and {both[1]} would both be called {twins[0]}: rename one of them, or remove its '
                        'annotations.')
    return names


def split_of_path(path: str | PurePosixPath) -> str | None:
    """The split that a file or one of its folders is called after; the innermost."""
    parts = PurePosixPath(path).parts
    return next((split for part in reversed(parts) if (split := split_of(part.split('.')[0]))), None)


def _whole(path: Path) -> str:
    """A path from the root, without ``..``; links are not followed, for the names beside one are its own."""
    return os.path.abspath(path)  # noqa: PTH100  pathlib's own leaves ``..`` in it


def _parts(name: str) -> list[str]:
    """A path as its parts: ``C:\\a\\..\\b.jpg``, ``/data/local-files/?d=a/b.jpg`` or ``https://x.org/a%20b.jpg``."""
    if name.startswith('/data/') or re.match(r'[a-z][a-z0-9+]+://', name):  # Label Studio's addresses, or the web's
        address = urlsplit(name)
        name = parse_qs(address.query).get('d', [unquote(address.path)])[-1]
    parts = re.split(r'[\\/]', normalize('NFC', name))
    return [part for part in parts if part not in ('', '.', '..')]


def _alike(path: Path, parts: list[str]) -> int:
    """How many folders above the photo, from the innermost, are called as in the annotations."""
    count = 0
    for ours, theirs in zip(reversed(path.parts[:-1]), reversed(parts[:-1]), strict=False):
        if normalize('NFC', ours) != theirs:
            break
        count += 1
    return count

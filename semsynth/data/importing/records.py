"""Entries of the files that labelling tools write, with sentences on what is wrong with them."""

from __future__ import annotations

import json
import math
import mmap
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from semsynth.errors import DataError

LARGEST = 2**30
"""Bytes of a file of annotations; COCO's own have half of it."""
FARTHEST = 2**20
"""Pixels: points that lie farther away belong to no photo."""
_KINDS = {str: 'text', int: 'a whole number', float: 'a number', list: 'a list', dict: 'named fields'}
_REQUIRED: Any = object()
T = TypeVar('T', str, int, float, list, dict)


class Record:
    """Named fields of a file. What they lack is said in one sentence, with the file, the place in it, and the remedy.

    Args:
        place: the file, and where in it, such as ``'a.json, shapes[3]'``.
        fields: what stands there.
        remedy: what the user should do.

    Raises:
        DataError: there are no named fields.
    """

    def __init__(self, place: str, fields: Any, remedy: str):
        self.place, self.remedy = place, remedy
        self.fields: dict[str, Any] = self._checked('', fields, dict)

    def get(self, name: str, kind: type[T], default: T | None = _REQUIRED) -> T:
        """A field, or the default where it is absent or null.

        Raises:
            DataError: it is absent, or of another kind; or a number that is not finite.
        """
        found = self.fields.get(name)
        if found is None and default is not _REQUIRED:
            return default  # type: ignore[return-value]  # None where the caller asked for it
        if found is None:
            raise self.error(f'has no "{name}"')
        return self._checked(f' as "{name}"', found, kind)

    def records(self, name: str) -> Iterator[Record]:
        """The entries of a list."""
        return self.each(name, self.get(name, list))

    def each(self, name: str, entries: list) -> Iterator[Record]:
        """Entries of a list that is known already."""
        for place, entry in enumerate(entries):
            yield Record(f'{self.place}, {name}[{place}]', entry, self.remedy)

    def record(self, name: str) -> Record:
        """A field that holds named fields itself."""
        return Record(f'{self.place}, {name}', self.get(name, dict), self.remedy)

    def size(self, height: str, width: str) -> tuple[int, int] | None:
        """Height and width in pixels; None where the file does not state them."""
        if self.fields.get(height) is None and self.fields.get(width) is None:
            return None
        size = self.get(height, int), self.get(width, int)
        if min(size) < 1:
            raise self.error(f'has the size {size[0]}x{size[1]} (height x width), but both are at least 1')
        return size

    def points(self, name: str) -> np.ndarray:
        """Points, ``(N, 2)`` float64, x before y, of a list of pairs."""
        return self.checked_points(name, self.get(name, list))

    def checked_points(self, name: str, pairs: list) -> np.ndarray:
        """Pairs of numbers as an array, ``(N, 2)``; a field may hold several such lists."""
        for pair in pairs:
            if not (isinstance(pair, list) and len(pair) == 2 and all(map(_is_number, pair))):
                raise self.error(f'has {str(pair)[:40]} among the points of "{name}", where two numbers, x and y, are '
                                 'expected')
        points = np.array(pairs, np.float64).reshape(-1, 2)
        if points.size and np.abs(points).max() > FARTHEST:
            raise self.error(f'has a point of "{name}" that is {np.abs(points).max():.3g} pixels away')
        return points

    def error(self, what: str) -> DataError:
        """The error that says what is wrong here."""
        return DataError(f'{self.place} {what}: {self.remedy}.')

    def _checked(self, as_name: str, found: Any, kind: type[T]) -> T:
        if kind is float and _is_number(found):
            return float(found)  # type: ignore[return-value]  # T is float
        if kind is int and _is_number(found) and found == int(found):
            return int(found)  # type: ignore[return-value]  # T is int
        if kind in (int, float) or not isinstance(found, kind):
            shown = _KINDS[type(found)] if isinstance(found, list | dict) else repr(found)[:40]
            raise self.error(f'has {shown}{as_name}, where {_KINDS[kind]} {"are" if kind is dict else "is"} expected')
        return found


def _is_number(found: Any) -> bool:
    return isinstance(found, int | float) and not isinstance(found, bool) and math.isfinite(found)


def read_json(path: Path, remedy: str) -> Any:
    """The content of a JSON file.

    Raises:
        DataError: it cannot be read, is larger than ``LARGEST``, is no JSON or nested too deeply.
    """
    try:
        return json.loads(read_bytes(path, remedy))
    except UnicodeDecodeError:
        raise DataError(f'{path} is not in UTF-8, as JSON has to be: {remedy}.') from None
    except RecursionError:
        raise DataError(f'{path} is nested too deeply for a file of annotations: {remedy}.') from None
    except ValueError as error:
        raise DataError(f'{path} is no JSON ({error}): {remedy}.') from None


def read_bytes(path: Path, remedy: str) -> bytes:
    """The content of a file of annotations.

    Raises:
        DataError: it cannot be read, or is larger than ``LARGEST``.
    """
    try:
        size = path.stat().st_size
        if size > LARGEST:
            raise DataError(f'{path} has {size / 2**30:.1f} GiB, more than annotations have: {remedy}, in parts.')
        return path.read_bytes()
    except OSError as error:
        raise DataError(f'{path} cannot be read ({error.strerror}): {remedy}.') from None


def mentions(path: Path, *words: str) -> bool:
    """Whether all of the words stand in a file, anywhere; a quick look, without reading it as what it is."""
    try:
        with path.open('rb') as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            return all(content.find(word.encode()) >= 0 for word in words)
    except (OSError, ValueError):  # the latter: it is empty
        return False

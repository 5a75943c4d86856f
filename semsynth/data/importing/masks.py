"""Masks: pictures whose colours, or whose numbers, are classes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from semsynth.data.class_files import ClassTable
from semsynth.data.importing.base import UNKNOWN, ImportedScene, ImportOptions, ImportSource
from semsynth.data.importing.class_tables import find_class_table, means_no_class
from semsynth.data.importing.colours import ColourMatcher
from semsynth.data.importing.mask_files import VOID, Mask, read_all, read_mask, read_objects
from semsynth.data.importing.pairs import Pair, find_pairs
from semsynth.data.transforms.loading import sizes_differ
from semsynth.errors import DataError, first_few

_MOST_CLASSES = 64
"""More numbers than these are smooth borders, or objects, if nobody names them."""


class MaskSource(ImportSource):
    """Photos and masks in folders, such as ``images`` and ``masks``, or side by side as ``NAME.jpg`` and
    ``NAME_mask.png``.

    Masks hold the colours of a table of classes, or numbers: gray pictures, or pictures with a palette. The number 255
    means no class, unless it is all that there is beside 0. The table is the user's, or in a file of the source.
    Numbers need none.
    """

    format = 'masks'
    summary = 'photos and masks in folders; the masks hold colours or numbers'
    takes = frozenset({'photos', 'labels', 'classes', 'tolerance'})

    def __init__(self, path: Path, options: ImportOptions):
        if not path.is_dir():
            raise DataError(f'{path} is no folder, but masks and their photos are in one: name it.')
        self._pairs, self.remarks = self.find(path, options)
        self.names = list(self._pairs)
        self.splits = {name: pair.split for name, pair in self._pairs.items() if pair.split}
        self.has_instances = any(pair.instance for pair in self._pairs.values())
        masks = [pair.label for pair in self._pairs.values()]
        table = _completed(options.classes or self.find_table(path), masks)
        meant = [row for row, name in enumerate(table.names) if not means_no_class(name)]
        if not meant:
            raise DataError(f'The only classes of {path} are {first_few(table.names)}, which mean none: name others by '
                            '--classes.')
        self.classes = [table.names[row] for row in meant]
        if nothing := [name for name in table.names if means_no_class(name)]:
            self.remarks = [*self.remarks, f'{first_few(nothing)} means no class: its pixels count as unknown.']
        colours = table.colours or _palette(masks[0], table)
        self.palette = [(red, green, blue) for red, green, blue in (colours[row] for row in meant)] if colours else None
        self._index = np.full(len(table.names) + 1, UNKNOWN, np.int32)  # of each row; the last is none
        self._index[meant] = np.arange(len(meant))
        self._numbers = np.array(table.numbers or range(len(table.names)))
        self._colours = {tuple(colour) for colour in table.colours}
        self._all_gray = all(len(set(colour)) == 1 for colour in self._colours)
        # then gray masks hold these colours, or the numbers of the classes
        numbers = not table.colours or (
            self._all_gray and max(mask.pixels.max() for mask in read_all(masks)) < len(table.names))
        self._matcher = None if numbers else ColourMatcher(table.colours, self._index[:-1].tolist(), options.tolerance)

    @classmethod
    def recognises(cls, path: Path) -> bool:
        """Whether a folder has label maps of photos."""
        try:
            return path.is_dir() and bool(find_pairs(path, ImportOptions()))
        except DataError:
            return False

    def find(self, path: Path, options: ImportOptions) -> tuple[dict[str, Pair], list[str]]:
        """The files of the scenes by name, and remarks.

        Raises:
            DataError: as of ``find_pairs``.
        """
        return find_pairs(path, options)

    def find_table(self, path: Path) -> ClassTable | None:
        """The classes that the source itself names, or None."""
        return find_class_table(path)

    def scene(self, name: str) -> ImportedScene:
        """Read a scene's mask, and the map of its objects where there is one."""
        pair = self._pairs[name]
        mask = read_mask(pair.label)
        if self._matcher is not None and self._holds_colours(mask):
            label, remarks = self._by_colour(self._matcher, mask)
        else:
            label, remarks = self._classes_of(mask.numbers())
        instance = None if pair.instance is None else read_objects(pair.instance)
        if instance is not None and instance.shape != label.shape:
            raise DataError(sizes_differ(str(pair.label), label.shape, str(pair.instance), instance.shape))
        return ImportedScene(name, pair.photo, label, instance, remarks)

    def _holds_colours(self, mask: Mask) -> bool:
        """Whether a mask is in the colours of the classes, rather than in their numbers."""
        if mask.pixels.ndim == 3 or mask.palette is None:
            return mask.pixels.ndim == 3 or self._all_gray
        used = mask.palette[np.setdiff1d(mask.pixels, VOID)]
        return self._colours.issuperset(map(tuple, used.tolist()))

    @staticmethod
    def _by_colour(matcher: ColourMatcher, mask: Mask) -> tuple[np.ndarray, dict[str, int]]:
        """The class of each pixel's colour, and remarks; of a palette each number is looked up once."""
        if mask.palette is None:
            return matcher.classes_of(mask.colours())
        return matcher.classes_of(mask.palette[None])[0][0][mask.pixels], {}

    def _classes_of(self, numbers: np.ndarray) -> tuple[np.ndarray, dict[str, int]]:
        """The class of each pixel's number, and remarks on numbers that are no class's."""
        found, place, counts = np.unique(numbers, return_inverse=True, return_counts=True)
        order = np.argsort(self._numbers)
        rows = order[np.searchsorted(self._numbers, found, sorter=order).clip(max=len(order) - 1)]
        rows = np.where(self._numbers[rows] == found, rows, len(order))
        remarks = {f'pixels of the number {number}, which is no class\'s, and counts as unknown': int(count)
                   for number, row, count in zip(found, rows, counts, strict=True)
                   if row == len(order) and number != VOID}
        return self._index[rows][place].reshape(numbers.shape), remarks


def _completed(table: ClassTable | None, masks: Sequence[Path]) -> ClassTable:
    """A table with colours or numbers, found in the masks where it has none: black and white masks have two classes."""
    if table is not None and (table.colours or table.numbers or len(table.names) != 2):
        return table
    found = sorted(set().union(*(np.unique(mask.numbers()).tolist() for mask in read_all(masks))))
    if found == [0, VOID]:
        return ClassTable(['background', 'foreground'] if table is None else table.names, [], found)
    if table is not None:
        return table
    numbers = [number for number in found if number != VOID]
    if not 0 < len(numbers) <= _MOST_CLASSES:
        raise DataError(f'The masks, such as {masks[0]}, hold {len(numbers)} numbers ({first_few(numbers)}), and '
                        'nothing says which classes they are: name a file of classes by --classes, a number and a name '
                        'a line, such as "7 road"; or other files by --labels.')
    return ClassTable([f'class_{number}' for number in numbers], [], numbers)


def _palette(mask: Path, table: ClassTable) -> list[list[int]]:
    """The colours of the classes in a mask's palette; none where it has no palette."""
    palette = read_mask(mask).palette
    numbers = table.numbers or list(range(len(table.names)))
    return [] if palette is None or max(numbers) >= len(palette) else palette[numbers].tolist()

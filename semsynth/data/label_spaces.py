"""Label spaces: a data set's ids in files to indices, and its indices to a segmentor's classes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from semsynth.data.files import DataError, first_few

NO_CLASS = 255
"""A segmentor's word for: none of its classes."""

_LARGEST_ID = 65535

# Official Cityscapes table: of the 35 ids (license plate, -1, last), those that are evaluated, in their order.
_CITYSCAPES_EVALUATED = (7, 8, 11, 12, 13, 17, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 31, 32, 33)
# Of COCO-Stuff's 182 ids, those of the classes that COCO dropped.
_COCO_STUFF_ABSENT = (11, 25, 28, 29, 44, 65, 67, 68, 70, 82, 90)

CLASS_MAPS: dict[str, tuple[int, ...]] = {
    'cityscapes_35_to_19': tuple(
        _CITYSCAPES_EVALUATED.index(index) if index in _CITYSCAPES_EVALUATED else NO_CLASS for index in range(35)),
    'camvid_12_to_11': (*range(11), NO_CLASS),
    'ade20k_151_to_150': (NO_CLASS, *range(150)),
    'nyu_41_to_40': (NO_CLASS, *range(40)),
    'coco_stuff_183_to_171': (*(
        NO_CLASS if index in _COCO_STUFF_ABSENT else index - sum(gap < index for gap in _COCO_STUFF_ABSENT)
        for index in range(182)), NO_CLASS),
}
"""Named tables: a segmentor's class for each of a data set's indices, 255 where it has none."""


def class_table(class_map: str | Sequence[int] | None, num_classes: int, unknown: int | None = None) -> np.ndarray:
    """A segmentor's class of each index, 255 where it has none.

    Args:
        class_map: a name in ``CLASS_MAPS``, or the table itself; ``'identity'`` or None: the segmentor has the same
            classes in the same order, and none for ``unknown``.
        num_classes: number of indices, the unknown one included.
        unknown: the index that means no class, or None.

    Returns:
        ``(num_classes,)`` uint8.

    Raises:
        ValueError: no table has that name, or the table has another length or values outside ``0..255``.
    """
    if class_map in (None, 'identity'):
        class_map = [NO_CLASS if index == unknown else index for index in range(num_classes)]
    if isinstance(class_map, str):
        if class_map not in CLASS_MAPS:
            raise ValueError(f'class_map={class_map!r} is no named table; there are identity, {", ".join(CLASS_MAPS)}; '
                             'or give the table itself as a list.')
        class_map = CLASS_MAPS[class_map]
    if len(class_map) != num_classes:
        raise ValueError(f'class_map has {len(class_map)} entries, but there are {num_classes} classes: it needs one '
                         'entry for each index, 255 where the segmentor has no such class.')
    if not all(0 <= entry <= NO_CLASS for entry in class_map):
        raise ValueError(f'class_map={list(class_map)}: its entries are classes 0..254, or 255 for none.')
    return np.array(class_map, np.uint8)


@dataclass(frozen=True)
class LabelSpace:
    """How the ids in a data set's files become indices ``0..num_classes-1``.

    Args:
        classes: names by index, that of the unknown class included.
        unknown: the index that means no class, or None.
        id_map: the index of each id that files may hold, and no other id is allowed; None: ids are indices already.
        unknown_ids: further ids that mean no class, such as ``(255,)``.

    Raises:
        ValueError: at building, an index is none of the classes.
    """

    classes: tuple[str, ...]
    unknown: int | None = None
    id_map: Mapping[int, int] | None = None
    unknown_ids: tuple[int, ...] = ()

    def __post_init__(self):
        if not self.classes:
            raise ValueError('classes is empty: name at least one class.')
        if self.unknown is not None and not 0 <= self.unknown < self.num_classes:
            raise ValueError(f'unknown={self.unknown} is none of the {self.num_classes} classes: count the unknown '
                             f'class among them and give its index, 0..{self.num_classes - 1}, or None.')
        if self.unknown_ids and self.unknown is None:
            raise ValueError(f'unknown_ids={list(self.unknown_ids)} needs unknown, the index of the class they mean.')
        for number, index in (self.id_map or {}).items():
            if not 0 <= index < self.num_classes:
                raise ValueError(f'id_map sends id {number} to {index}, which is none of the {self.num_classes} '
                                 f'classes: indices are 0..{self.num_classes - 1}.')
        for number in (*(self.id_map or ()), *self.unknown_ids):
            if not -1 <= number <= _LARGEST_ID:
                raise ValueError(f'id_map or unknown_ids holds the id {number}; ids of classes are -1..{_LARGEST_ID}.')

    @property
    def num_classes(self) -> int:
        """Number of indices, the unknown one included."""
        return len(self.classes)

    @property
    def index_of_ids(self) -> dict[int, int]:
        """The index of each id that files may hold."""
        known = {index: index for index in range(self.num_classes)} if self.id_map is None else self.id_map
        return {**known, **dict.fromkeys(self.unknown_ids, self.unknown)}

    def to_id(self, index: int) -> int:
        """The id that stands for an index in files: the first that is not negative, as most files hold it.

        Raises:
            ValueError: there is none.
        """
        if self.id_map is None:
            return index
        found = next((each for each, meaning in self.index_of_ids.items() if meaning == index and each >= 0), None)
        if found is None:
            raise ValueError(f'No id that a file can hold means {self.classes[index]}: give the index {index} an id of '
                             "0 or more in the dataset's id_map.")
        return found

    @cached_property
    def _table(self) -> np.ndarray:
        # Entry i is the index of id i, -1 for none; then one entry for all larger ids, one for -2, and one for -1:
        # negative ids index from the end.
        table = np.full(_LARGEST_ID + 4, -1, np.int32)
        ids = range(self.num_classes) if self.id_map is None else list(self.id_map)
        table[ids] = ids if self.id_map is None else list(self.id_map.values())
        if self.unknown_ids:
            table[list(self.unknown_ids)] = self.unknown
        return table

    def to_indices(self, ids: np.ndarray, source: str) -> np.ndarray:
        """Ids as files hold them to indices.

        Args:
            ids: ``(H, W)``, any integer type.
            source: the file that they are from, for the error message.

        Returns:
            ``(H, W)`` uint8 in ``0..num_classes-1``; int64 where there are more than 256 classes.

        Raises:
            DataError: an id has no index; the message names the file, the ids and the number of classes.
        """
        small = ids.dtype in (np.uint8, np.uint16)
        indices = self._table[ids if small else np.clip(ids.astype(np.int64), -2, _LARGEST_ID + 1)]
        if (indices < 0).any():
            strangers = np.unique(ids[indices < 0]).tolist()
            raise DataError(
                f'{source} holds {"the id" if len(strangers) == 1 else "the ids"} {first_few(strangers, 10)}, but the '
                f'data set has {self.num_classes} classes and knows the ids {_ranges(self.index_of_ids)}: give them an '
                "index in the dataset's id_map, or list them in its unknown_ids, or correct the file.")
        return indices.astype(np.uint8 if self.num_classes <= 256 else np.int64)


def _ranges(ids: Iterable[int]) -> str:
    """``0..181, 255``."""
    ranges = []
    for number in sorted(ids):
        if ranges and number == ranges[-1][1] + 1:
            ranges[-1] = ranges[-1][0], number
        else:
            ranges.append((number, number))
    return first_few([str(low) if low == high else f'{low}..{high}' for low, high in ranges], 10)

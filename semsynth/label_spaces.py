"""Label spaces: a data set's ids in files to indices, and its indices to a segmentor's classes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from semsynth.arguments import check_arguments
from semsynth.errors import DataError, first_few

NO_CLASS = 255
"""What a segmentor's classes are called where it has none: such pixels are not judged (mmseg's ``ignore_index``)."""

_LARGEST_IN_PNG = 65535
_WHITE = 255
_SEVERAL = 10
"""So many strange ids in one file are no few forgotten classes."""

# Official Cityscapes table: of the 35 ids (license plate, -1, last), those that are evaluated, in their order.
_CITYSCAPES_EVALUATED = (7, 8, 11, 12, 13, 17, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 31, 32, 33)
COCO_STUFF_ABSENT = {11: 'street sign', 25: 'hat', 28: 'shoe', 29: 'eye glasses', 44: 'plate', 65: 'mirror',
                     67: 'window', 68: 'desk', 70: 'door', 82: 'blender', 90: 'hair brush'}
"""Of COCO-Stuff's 182 ids, those that no file holds, as COCO dropped these classes; most segmentors number the other
171 without gaps."""

CLASS_MAPS: dict[str, tuple[int, ...]] = {
    'cityscapes_35_to_19': tuple(
        _CITYSCAPES_EVALUATED.index(index) if index in _CITYSCAPES_EVALUATED else NO_CLASS for index in range(35)),
    'camvid_12_to_11': (*range(11), NO_CLASS),
    'ade20k_151_to_150': (NO_CLASS, *range(150)),
    'nyu_41_to_40': (NO_CLASS, *range(40)),
    'coco_stuff_183_to_171': (*(
        NO_CLASS if index in COCO_STUFF_ABSENT else index - sum(gap < index for gap in COCO_STUFF_ABSENT)
        for index in range(182)), NO_CLASS),
}
"""Named tables: a segmentor's class for each of a data set's indices, 255 where it has none."""


def identity_table(num_classes: int, unknown: int | None = None) -> list[int]:
    """The table of a segmentor that has the layout's classes in the same order, but none for ``unknown``."""
    return [NO_CLASS if index == unknown else index - (unknown is not None and unknown < index)
            for index in range(num_classes)]


def class_table(class_map: str | Sequence[int] | None, num_classes: int, unknown: int | None = None) -> np.ndarray:
    """The segmentor's class of each of a data set's indices, 255 where it has none.

    Args:
        class_map: a name in ``CLASS_MAPS``, or the table itself; ``'identity'`` or None: the segmentor has the same
            classes in the same order, and none for ``unknown``, which is the last one.
        num_classes: number of indices, the unknown one included.
        unknown: the index that means no class, or None.

    Returns:
        ``(num_classes,)`` uint8.

    Raises:
        ValueError: no table has that name, the table has another length or values outside ``0..255``, or ``'identity'``
            meets an unknown class that is not the last one.
    """
    if class_map in (None, 'identity'):
        class_map = identity_table(num_classes, unknown)
        if unknown not in (None, num_classes - 1):
            named = next((f"'{name}'" for name, table in CLASS_MAPS.items() if list(table) == class_map), class_map)
            raise ValueError(f"class_map='identity' goes with an unknown class that is the last one, but "
                             f'unknown={unknown} of {num_classes}, and a segmentor has no class for it: set '
                             f'class_map={named}.')
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


class UnknownIdsError(DataError):
    """A label map holds ids that stand for no class.

    Args:
        source: the file.
        ids: those.
        message: what to set, where the data set can be told of them.
    """

    def __init__(self, source: str, ids: Sequence[int], message: str):
        super().__init__(message)
        self.source, self.ids = source, ids


@check_arguments
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
                             f'class among them and give its index, 0..{self.num_classes - 1}, or None'
                             + (' and unknown_ids=() if no class is unknown.' if self.unknown_ids else '.'))
        if self.unknown_ids and self.unknown is None:
            raise ValueError(f'unknown_ids={self.unknown_ids} needs unknown, the index of the class they mean: set it, '
                             'or set unknown_ids=().')
        for number, index in (self.id_map or {}).items():
            if not 0 <= index < self.num_classes:
                raise ValueError(f'id_map sends id {number} to {index}, which is none of the {self.num_classes} '
                                 f'classes: indices are 0..{self.num_classes - 1}.')
        if self.id_map is not None and not self.id_map:
            raise ValueError('id_map is empty, so that no id is allowed: name each id, or set id_map=None where ids '
                             'are indices already.')

    @property
    def num_classes(self) -> int:
        """Number of indices, the unknown one included."""
        return len(self.classes)

    @property
    def index_of_ids(self) -> dict[int, int]:
        """The index of each id that files may hold."""
        known = {index: index for index in range(self.num_classes)} if self.id_map is None else self.id_map
        return {**known, **({} if self.unknown is None else dict.fromkeys(self.unknown_ids, self.unknown))}

    def to_id(self, index: int) -> int:
        """The id that stands for an index in files: the first that is not negative, as most files hold it.

        Raises:
            ValueError: there is none.
        """
        if self.id_map is None:
            return index
        found = next((each for each, meaning in self.index_of_ids.items()
                      if meaning == index and 0 <= each <= _LARGEST_IN_PNG), None)
        if found is None:
            raise ValueError(f'No id that a PNG can hold means {self.classes[index]}: give the index {index} an id of '
                             f"0..{_LARGEST_IN_PNG} in the dataset's id_map.")
        return found

    @cached_property
    def _sorted(self) -> tuple[np.ndarray, np.ndarray]:
        """The known ids, ascending, and their indices."""
        ids = self.index_of_ids
        return np.array(sorted(ids), np.int64), np.array([ids[each] for each in sorted(ids)], np.int32)

    @cached_property
    def _table(self) -> np.ndarray:
        """The index of each id of 8 or 16 bits, -1 for none."""
        ids, indices = self._sorted
        small = (ids >= 0) & (ids <= np.iinfo(np.uint16).max)
        table = np.full(np.iinfo(np.uint16).max + 1, -1, np.int32)
        table[ids[small]] = indices[small]
        return table

    def look_up(self, ids: np.ndarray) -> np.ndarray:
        """Ids as files hold them to indices, int32 of the same shape, -1 where an id is not known."""
        if ids.dtype in (np.uint8, np.uint16):
            return self._table[ids]
        known, indices = self._sorted
        places = np.searchsorted(known, ids.astype(np.int64)).clip(max=len(known) - 1)
        return np.where(known[places] == ids, indices[places], np.int32(-1))

    def to_indices(self, ids: np.ndarray, source: str) -> np.ndarray:
        """Ids as files hold them to indices.

        Args:
            ids: ``(H, W)``, any integer type.
            source: the file that they are from, for the error message.

        Returns:
            ``(H, W)`` uint8 in ``0..num_classes-1``; int64 where there are more than 256 classes.

        Raises:
            UnknownIdsError: an id has no index; the message names the file, the ids and the number of classes.
        """
        indices = self.look_up(ids)
        if (indices < 0).any():
            strangers = np.unique(ids[indices < 0]).tolist()
            raise UnknownIdsError(source, strangers, f'{source} holds {self.about_strangers(strangers)}')
        return indices.astype(np.uint8 if self.num_classes <= 256 else np.int64)

    def about_strangers(self, ids: Sequence[int]) -> str:
        """The rest of a sentence on ids that files hold and the data set does not know, with what to set."""
        found = f'the id{"s" * (len(ids) > 1)} {first_few(ids, _SEVERAL)}'
        known = f'but the data set has {self.num_classes} classes and knows the ids {_ranges(self.index_of_ids)}'
        if len(ids) > _SEVERAL:
            return (f'{found}, {known}: so many others come from colours, from other data than ids, or from resizing '
                    'that mixes neighbours; make the label map again, resized by nearest neighbour.')
        if self.num_classes == 2 and self.id_map is None and list(ids) == [_WHITE]:
            return (f'{found}, {known}: if {_WHITE} is the second class, as in masks of black and white, set '
                    f'id_map={{0: 0, 1: 1, {_WHITE}: 1}}; else correct the file.')
        more = {**dict.fromkeys(self.unknown_ids), **dict.fromkeys(ids)}
        no_class = f'unknown_ids={tuple(more)}'
        if self.unknown is None:
            no_class = f'unknown={self.num_classes}, with one name more in classes for what is unknown, and {no_class}'
        return (f"{found}, {known}: if they mean no class, set {no_class}; if they are classes, name them in classes, "
                'and where ids are not the indices, set id_map={id: index, ...}, which then names all ids; else '
                'correct the file.')


def _ranges(ids: Iterable[int]) -> str:
    """``0..181, 255``."""
    ranges: list[tuple[int, int]] = []
    for number in sorted(ids):
        if ranges and number == ranges[-1][1] + 1:
            ranges[-1] = ranges[-1][0], number
        else:
            ranges.append((number, number))
    return first_few([str(low) if low == high else f'{low}..{high}' for low, high in ranges], 10)

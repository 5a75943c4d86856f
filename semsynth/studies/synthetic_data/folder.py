"""The folder of a synthetic data set: its files, and the note that says how they were made."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from semsynth.data.importing.tree import encode_ids, no_class
from semsynth.label_spaces import NO_CLASS
from semsynth.writing import write_json, write_png, write_whole

NOTE = 'synthetic.json'
"""Says how the data set was made, and that it is whole."""
SPLIT = 'train'
UNKNOWN = 'unknown'
"""What the class of ignored pixels is called where the data set has no unknown one."""


@dataclass(frozen=True)
class SyntheticClasses:
    """The classes of a synthetic data set: those of the real one, and an unknown one for ignored pixels.

    Args:
        names: by index.
        palette: a colour each.
        unknown: the index that means no class.
        things: names of the classes that come in instances.
        table: the segmentor's class of each index, 255 for none.
    """

    names: tuple[str, ...]
    palette: tuple[tuple[int, ...], ...]
    unknown: int
    things: tuple[str, ...]
    table: tuple[int, ...]

    @classmethod
    def of(cls, names: Sequence[str], palette: Sequence[Sequence[int]], unknown: int | None, things: Sequence[str],
           table: Sequence[int]) -> SyntheticClasses:
        """Of a real data set, whose unknown class stays where it is; ``table`` has an entry for each of its classes."""
        colours = [tuple(map(int, colour)) for colour in palette]
        if unknown is None:
            names, colours, table, unknown = [*names, UNKNOWN], [*colours, (0, 0, 0)], [*table, NO_CLASS], len(names)
        return cls(tuple(names), tuple(colours), unknown, tuple(things), tuple(map(int, table)))

    @property
    def no_class(self) -> int:
        """What label maps hold where there is no class."""
        return no_class(len(self.names))

    @property
    def segmentor_classes(self) -> tuple[tuple[str, tuple[int, ...]], ...]:
        """Name and colour of each of the segmentor's classes: those of the first index that stands for it."""
        count = max((entry for entry in self.table if entry != NO_CLASS), default=-1) + 1
        first = [self.table.index(entry) if entry in self.table else None for entry in range(count)]
        return tuple((f'class {entry}', (0, 0, 0)) if index is None else (self.names[index], self.palette[index])
                     for entry, index in enumerate(first))

    @property
    def numbers_alike(self) -> bool:
        """Whether a segmentor's class is the index, so that it can be trained on the label maps as they are."""
        return self.no_class == NO_CLASS and all(
            entry == index or (entry == NO_CLASS and index == self.unknown) for index, entry in enumerate(self.table))


class SyntheticFolder:
    """The files of a synthetic data set: ``images/train``, ``labels/train`` and perhaps ``instances/train``.

    Label maps hold class indices, and 255 (of more than 255 classes 65535) where there is no class or the filter
    ignores the pixel. Where a segmentor numbers its classes otherwise, ``classes/train`` has them by its numbers.

    Args:
        out: the folder.
        classes: what label maps hold.
    """

    def __init__(self, out: Path, classes: SyntheticClasses):
        self.out, self.classes = out, classes

    def image(self, name: str) -> Path:
        """The path of an image."""
        return self.out / f'images/{SPLIT}/{name}.png'

    def write_image(self, name: str, picture: np.ndarray) -> None:
        """Write an image, ``(H, W, 3)`` uint8 RGB."""
        write_png(self.image(name), picture)

    def write_maps(self, name: str, label: np.ndarray, ignored: np.ndarray, instance: np.ndarray | None) -> None:
        """Write the label map and the instance map of an image.

        Args:
            name: the image's.
            label: class indices, ``(H, W)``.
            ignored: boolean, ``(H, W)``.
            instance: object ids, or None.
        """
        none = self.classes.no_class
        ids = np.where(ignored | (label == self.classes.unknown), none, label)
        ids = ids.astype(np.uint8 if none == NO_CLASS else np.uint16)
        files = {f'labels/{SPLIT}': encode_ids(ids, self.classes.palette)}
        if not self.classes.numbers_alike:
            kinds = np.where(ids == none, NO_CLASS, np.array(self.classes.table)[np.where(ids == none, 0, ids)])
            files[f'classes/{SPLIT}'] = encode_ids(
                kinds.astype(np.uint8), [colour for _, colour in self.classes.segmentor_classes])
        if instance is not None:
            if instance.min() < 0 or instance.max() > np.iinfo(np.uint16).max:
                instance = np.unique(instance, return_inverse=True)[1].reshape(instance.shape)
            files[f'instances/{SPLIT}'] = encode_ids(instance.astype(np.uint16))
        for place, content in files.items():
            write_whole(self.out / f'{place}/{name}.png', content)

    def write_note(self, note: Mapping[str, Any]) -> None:
        """Write the note, the last file of a data set that is whole."""
        write_json(self.out / NOTE, note, indent=1)


def earlier_note(out: Path, settings: Mapping[str, Any], *, some: bool = False) -> dict[str, Any]:
    """The note of a folder in which the same data set was begun; empty where there is none yet.

    Args:
        out: the folder.
        settings: with which it is to be made.
        some: whether these are only some of them, so that the others are not compared.

    Raises:
        ValueError: the folder holds something else, or a data set that was made otherwise; says what differs.
    """
    if not out.is_dir() or not any(path.name[0] != '.' for path in out.iterdir()):
        return {}
    note = read_note(out)
    if not note:
        raise ValueError(f'{out} is not empty, and holds no {NOTE}: name another folder.')
    plain = json.loads(json.dumps(settings))
    compared = {**({} if some else note['settings']), **plain}
    if differing := [key for key in compared if note['settings'].get(key) != plain.get(key)]:
        key = differing[0]
        raise ValueError(f'{out} holds synthetic data that were made otherwise ({key}={note["settings"].get(key)}, now '
                         f'{plain.get(key)}): name another folder, or give the same options to go on.')
    return note


def images_in(out: str | Path) -> int:
    """How many images of a synthetic data set are there, also of one that is not whole."""
    return sum(1 for _ in Path(out, 'images', SPLIT).rglob('*.png'))


def read_note(out: str | Path) -> dict[str, Any]:
    """The note of a folder; empty where there is none, or it is something else."""
    try:
        note = json.loads(Path(out, NOTE).read_bytes())
    except (OSError, ValueError):
        return {}
    return note if isinstance(note, dict) and isinstance(note.get('settings'), dict) else {}

"""Scene, a layout with styles, and History, the scenes before and after edits."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

Style = tuple[float, ...]


@dataclass(frozen=True)
class Object:
    """An object of a scene.

    Args:
        id: its id in the instance map.
        class_index: the class of most of its pixels.
        area: number of its pixels.
        box: left, top, right, bottom; right and bottom are the first column and row beyond it.
        areas: number of its pixels of each class: more than one class only in the shared background of some data sets.
    """

    id: int
    class_index: int
    area: int
    box: tuple[int, int, int, int]
    areas: Mapping[int, int]

    @property
    def classes(self) -> int:
        """Number of classes that its pixels have."""
        return len(self.areas)


class Runs(NamedTuple):
    """Pixels of a scene that are equal and beside each other in a row, as runs, row by row.

    Args:
        ends: number of the first pixel after each run, in rows: y * W + x.
        ids: its object.
        classes: its class.
    """

    ends: np.ndarray
    ids: np.ndarray
    classes: np.ndarray


@dataclass(frozen=True, eq=False)
class Scene:
    """A layout and the styles of some of its objects. Never changed: an edit makes another.

    Args:
        label: class indices, ``(H, W)``.
        instance: object ids, ``(H, W)`` int64.
        styles: the style of the objects that were given one.
    """

    label: np.ndarray
    instance: np.ndarray
    styles: Mapping[int, Style]

    @cached_property
    def runs(self) -> Runs:
        """Its pixels as runs of equal ones, of which there are few."""
        starts = np.ones(self.label.shape, bool)
        starts[:, 1:] = (self.label[:, 1:] != self.label[:, :-1]) | (self.instance[:, 1:] != self.instance[:, :-1])
        first = np.flatnonzero(starts)
        return Runs(np.append(first[1:], self.label.size), self.instance.ravel()[first], self.label.ravel()[first])

    @cached_property
    def objects(self) -> dict[int, Object]:
        """The objects by id, in the order of the ids."""
        runs = self.runs
        starts = np.append(0, runs.ends[:-1])
        lengths = runs.ends - starts
        rows, lefts = np.divmod(starts, self.label.shape[1])
        ids, place = np.unique(runs.ids, return_inverse=True)
        num_classes = int(runs.classes.max()) + 1
        pairs = place * num_classes + runs.classes
        counts = np.bincount(pairs, lengths, len(ids) * num_classes).astype(int).reshape(len(ids), num_classes)
        boxes = np.stack([np.full(len(ids), self.label.size)] * 2 + [np.zeros(len(ids), int)] * 2, axis=1)
        for side, (extend, values) in enumerate([(np.minimum, lefts), (np.minimum, rows), (np.maximum, lefts + lengths),
                                                 (np.maximum, rows + 1)]):
            extend.at(boxes[:, side], place, values)
        return {identity: Object(identity, int(count.argmax()), int(count.sum()), tuple(box.tolist()),
                                 {int(index): int(count[index]) for index in np.flatnonzero(count)})
                for identity, count, box in zip(ids.tolist(), counts, boxes, strict=True)}

    def same(self, other: Scene) -> bool:
        """Whether another scene is the same in all."""
        return (np.array_equal(self.label, other.label) and np.array_equal(self.instance, other.instance)
                and self.styles == other.styles)


class History:
    """Scenes before and after the current one, without limit; their maps are kept compressed."""

    def __init__(self):
        self.past: list[tuple] = []
        self.future: list[tuple] = []

    def push(self, left: Scene) -> None:
        """Keep the scene before an edit; scenes that were undone are dropped."""
        self.past.append(_pack(left))
        self.future.clear()

    def undo(self, current: Scene) -> Scene:
        """The scene before the current one."""
        self.future.append(_pack(current))
        return _unpack(self.past.pop())

    def redo(self, current: Scene) -> Scene:
        """The scene after the current one, which was undone."""
        self.past.append(_pack(current))
        return _unpack(self.future.pop())


def _pack(scene: Scene) -> tuple:
    # Level 1: a 1024x2048 instance map, 16 MB, to 170 kB in 25 ms.
    maps = [(zlib.compress(array.tobytes(), 1), array.dtype, array.shape) for array in (scene.label, scene.instance)]
    return *maps, scene.styles


def _unpack(packed: tuple) -> Scene:
    *maps, styles = packed
    label, instance = (np.frombuffer(bytearray(zlib.decompress(content)), dtype).reshape(shape)
                       for content, dtype, shape in maps)
    return Scene(label, instance, styles)

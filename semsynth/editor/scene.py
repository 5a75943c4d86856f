"""Scene: a layout with styles."""

from __future__ import annotations

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


FEATHER, MOST_FEATHER = 8, 1000
"""Width in pixels of the rim in which an edit passes into a photo that is kept, by default and at most."""


def check_feather(width: int) -> int:
    """A width of a rim; a ValueError for any other number."""
    if width not in range(MOST_FEATHER + 1):
        raise ValueError(f'feather={width}, expected a whole number of pixels from 0 to {MOST_FEATHER}.')
    return int(width)


@dataclass(frozen=True, eq=False)
class Kept:
    """A real photo that stays, but for what was edited.

    Args:
        photo: ``(h, w, 3)`` uint8 RGB, of the size of the layout or another one.
        edited: where the synthesised image takes its place, ``(H, W)`` bool, as the layout.
        feather: width in pixels of the photo of the rim around it, in which the one passes into the other.
    """

    photo: np.ndarray
    edited: np.ndarray
    feather: int


@dataclass(frozen=True, eq=False)
class Scene:
    """A layout, and what its image depends on. Never changed: an edit makes another.

    Args:
        label: class indices, ``(H, W)``.
        instance: object ids, ``(H, W)`` int64.
        styles: the style of the objects that were given one.
        latent: the look of the whole, where it was chosen.
        kept: the photo, where one is kept.
    """

    label: np.ndarray
    instance: np.ndarray
    styles: Mapping[int, Style]
    latent: Style | None = None
    kept: Kept | None = None

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
        """Whether another scene of this one's size and photo is the same in all."""
        if self.kept and other.kept and (self.kept.feather != other.kept.feather
                                         or not np.array_equal(self.kept.edited, other.kept.edited)):
            return False
        return (np.array_equal(self.label, other.label) and np.array_equal(self.instance, other.instance)
                and self.styles == other.styles and self.latent == other.latent)

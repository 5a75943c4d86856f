"""How a data set numbers the objects in its instance maps, so that new ones get ids of the same kind."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from itertools import count, islice

import cv2
import numpy as np

from semsynth.label_spaces import LabelSpace

INSTANCES_A_CLASS = 1000
"""Cityscapes' rule: instance n of the class with the id c has the id ``1000 c + n``."""


@dataclass(frozen=True)
class Numbering:
    """Ids of new objects: Cityscapes' rule.

    A thing has the id ``1000 c + n`` with the first n that is free, where c is its class's id in the data set's files.
    What does not come in instances (stuff) is one object a class, with the id c.

    Args:
        label_space: of the data set.
        things: indices of the classes that come in instances.
    """

    label_space: LabelSpace
    things: frozenset[int]

    def free(self, class_index: int, used: Collection[int]) -> int:
        """An id for a new object of a class, which is none of those used."""
        return next(self._all_free(class_index, used))

    def _all_free(self, class_index: int, used: Collection[int]) -> Iterator[int]:
        number = self.label_space.to_id(class_index)
        if class_index not in self.things and number not in used:
            yield number
        yield from (identity for n in count() if (identity := INSTANCES_A_CLASS * number + n) not in used)

    def target(self, areas: Mapping[int, Mapping[int, int]], class_index: int) -> int:
        """The id of what is painted as a class: of a thing, a new one; else that of the class's largest region, or a
        new one where there is none.

        Args:
            areas: pixels of each object, by id, and of each class in it, by index.
            class_index: the class.
        """
        regions = [number for number, classes in areas.items() if class_index in classes]
        if class_index in self.things or not regions:
            return self.free(class_index, areas)
        return max(regions, key=lambda number: areas[number][class_index])

    def instances(self, label: np.ndarray) -> np.ndarray:
        """An instance map for a label map without one, ``(H, W)`` int64: each connected component of a thing is an
        object (8 neighbours), and so is all that is of one other class."""
        instance = np.zeros(label.shape, np.int64)
        used: set[int] = set()
        for class_index in np.unique(label).tolist():
            mask = label == class_index
            amount, parts = cv2.connectedComponents(mask.astype(np.uint8)) if class_index in self.things else (2, mask)
            ids = list(islice(self._all_free(class_index, used), amount - 1))
            used.update(ids)
            instance[mask] = np.array(ids)[parts[mask].astype(int) - 1]
        return instance

"""Styles of the instances of a set of photos, before they are clustered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields

import numpy as np
import torch
from torch import Tensor


@dataclass
class Instances:
    """The styles of the M instances of a set of photos.

    Args:
        features: their styles, ``(M, F)`` float32.
        owners: their class indices, ``(M,)`` long.
        areas: their pixels at the size that was encoded, ``(M,)`` long.
        ids: their ids in their own scene, ``(M,)`` long; without instance maps the class index.
        scenes: their scenes, ``(M,)`` long, as places in ``names``.
        names: the names of the scenes.

    Raises:
        ValueError: a style is not finite, or the parts do not fit each other.
    """

    features: Tensor
    owners: Tensor
    areas: Tensor
    ids: Tensor
    scenes: Tensor
    names: tuple[str, ...]

    def __post_init__(self):
        columns = (self.owners, self.areas, self.ids, self.scenes)
        if self.features.ndim != 2 or any(column.shape != self.features.shape[:1] for column in columns):
            raise ValueError(f'instances have features {tuple(self.features.shape)}, but other parts of other lengths')
        if not ((self.scenes >= 0) & (self.scenes < len(self.names))).all():
            raise ValueError(f'instances are of other scenes than the {len(self.names)} that have a name')
        wrong = (~self.features.isfinite().all(1)).nonzero().flatten().tolist()
        if wrong:
            identity, scene = int(self.ids[wrong[0]]), self.names[int(self.scenes[wrong[0]])]
            raise ValueError(f'the style of the object {identity} in {scene} is not finite')

    def __len__(self) -> int:
        return len(self.features)

    def to_arrays(self) -> dict[str, np.ndarray]:
        """Arrays of numbers and text by name, to be saved without pickle."""
        return {field.name: np.asarray(getattr(self, field.name)) for field in fields(self)}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, np.ndarray]) -> Instances:
        """The instance of the class that ``to_arrays`` was called on."""
        return cls(names=tuple(arrays['names'].tolist()),
                   **{name: torch.from_numpy(array) for name, array in arrays.items() if name != 'names'})

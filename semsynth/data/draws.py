"""Seeds of augmentations: a sample depends on its own seed, not on the worker or on samples before it."""

from __future__ import annotations

import random

import numpy as np
import torch


def seed_all(seed: int) -> None:
    """Seed Python, numpy and torch (CUDA included), without waiting for the device."""
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)


class Draw(int):
    """A dataset index that carries a seed in ``0..2**32-1``: the dataset seeds the transforms of this draw with it."""

    seed: int

    def __new__(cls, index: int, seed: int):
        """The index, and its seed."""
        self = super().__new__(cls, index)
        self.seed = seed
        return self

    def __reduce__(self):
        return Draw, (int(self), self.seed)


class SeededDraws:
    """Mixin in front of a dataset class: the seed of a ``Draw`` decides all randomness of its sample."""

    def __getitem__(self, index: int):
        """The sample; where the index is a ``Draw``, made from its seed."""
        if isinstance(index, Draw):
            seed_all(index.seed)
        return super().__getitem__(int(index))  # type: ignore[misc]  # that of the class behind the mixin

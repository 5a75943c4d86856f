"""Augmentations depend on the draw of a sample alone: not on the worker, nor on what was drawn before."""

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
    """A dataset index that carries the seed of this draw of it.

    Args:
        index: the index.
        seed: in ``0..2**32-1``; the dataset seeds its transforms with it.
    """

    def __new__(cls, index: int, seed: int):
        self = super().__new__(cls, index)
        self.seed = seed
        return self

    def __reduce__(self):
        return Draw, (int(self), self.seed)

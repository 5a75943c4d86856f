"""Seeded random numbers that are the same on every machine."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np


class Dice:
    """Random numbers from PCG64; reads only `Generator.random` and `Generator.bytes`, whose streams do not change."""

    def __init__(self, entropy: int | Sequence[int]):
        self._generator = np.random.Generator(np.random.PCG64(np.random.SeedSequence(entropy)))
        self._numbers = self._stream()

    def _stream(self) -> Iterator[float]:
        while True:
            yield from self._generator.random(512).tolist()

    def real(self, low: float, high: float) -> float:
        """A number in [low, high)."""
        return low + (high - low) * next(self._numbers)

    def whole(self, low: int, high: int) -> int:
        """A whole number in [low, high], both included."""
        return low + int((high - low + 1) * next(self._numbers))

    def chance(self, probability: float) -> bool:
        """True with this probability."""
        return next(self._numbers) < probability

    def pick(self, options: Sequence):
        """One of the options."""
        return options[int(len(options) * next(self._numbers))]

    def noise(self, height: int, width: int) -> np.ndarray:
        """Whole numbers `(height, width)` int16 in [-128, 127]."""
        noise = np.frombuffer(self._generator.bytes(height * width), np.int8)
        return noise.reshape(height, width).astype(np.int16)

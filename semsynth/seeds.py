"""Seeds that are functions of numbers, so that what is drawn depends on nothing else."""

from __future__ import annotations

import numpy as np


def mix(*numbers: int) -> int:
    """A seed in ``0..2**32-1`` that depends on all the numbers (each 0 or more) and on their order."""
    return int(np.random.SeedSequence(numbers).generate_state(1)[0])

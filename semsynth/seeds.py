"""Seeds as functions of numbers and names, so that random draws depend on nothing else."""

from __future__ import annotations

import zlib
from collections.abc import Iterable

import numpy as np
import torch
from torch import Tensor


def mix(*numbers: int) -> int:
    """A seed in ``0..2**32-1`` that depends on all the numbers and on their order.

    Raises:
        ValueError: a number is less than 0.
    """
    if min(numbers) < 0:
        raise ValueError(f'seed={min(numbers)}, but a seed is 0 or more.')
    return int(np.random.SeedSequence(numbers).generate_state(1)[0])


def seed_of(name: str, sample: int = 0, seed: int = 0) -> int:
    """The seed of a scene's styles and latent, a function of its name: the same in any batch, order and process.

    Args:
        name: of the scene.
        sample: the number of the result, where there are several of one scene.
        seed: another one gives other results.
    """
    return mix(seed, sample, zlib.crc32(name.encode()))


def draw_latents(seeds: Iterable[int], length: int) -> Tensor:
    """One row from N(0, I) for each seed, a function of that seed alone: ``(B, length)`` float32 on the CPU."""
    return torch.stack([torch.randn(length, generator=torch.Generator().manual_seed(seed)) for seed in seeds])

"""Label and instance maps for benchmarks, from files or drawn."""

from __future__ import annotations

from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from semsynth.data.pictures import read_ids


def read_map(path: str | Path, height: int, width: int) -> Tensor:
    """The ids in a file of a label or instance map, at another size, nearest neighbour: ``(1, height, width)`` long.

    Raises:
        DataError: the file is missing or unsound.
    """
    ids = torch.from_numpy(read_ids(str(path)).astype('float64'))
    return F.interpolate(ids[None, None], (height, width), mode='nearest-exact')[0].long()


def draw_bands(count: int, height: int, width: int) -> Tensor:
    """Instances of equal size, one under the other, ids in any order: ``(1, height, width)`` long.

    Raises:
        ValueError: there are more instances than pixels.
    """
    pixels = height * width
    if count > pixels:
        raise ValueError(f'instances={count}, but {height}x{width} has only {pixels} pixels.')
    ids = torch.randperm(count, generator=torch.Generator().manual_seed(0))
    return ids[torch.arange(pixels) * count // pixels].view(1, height, width)

"""Batches put together and taken apart, without a copy where there is one part."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor


def join(parts: Sequence[Tensor]) -> Tensor:
    """One batch ``(B, ...)`` of several."""
    return parts[0] if len(parts) == 1 else torch.cat(list(parts))


def part(batch: Tensor, count: int) -> Sequence[Tensor]:
    """``count`` equal parts of a batch. (The gradient of one part would be a copy.)"""
    return (batch,) if count == 1 else batch.chunk(count)

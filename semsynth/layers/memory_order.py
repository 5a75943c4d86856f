"""The order in which a map lies in memory."""

from __future__ import annotations

import torch
from torch import Tensor


def lies_last(x: Tensor) -> bool:
    """Whether a map ``(B, C, H, W)`` lies channels last, and not contiguous as well, as one of a single pixel does."""
    return x.is_contiguous(memory_format=torch.channels_last) and not x.is_contiguous()

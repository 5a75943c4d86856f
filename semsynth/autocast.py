"""Where autocast is to leave a layer alone, or to cast once for many."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

import torch
from torch import Tensor


def without_autocast(device: torch.device) -> AbstractContextManager:
    """The context in which operations keep the precision of their inputs; devices such as ``meta`` have no autocast."""
    return torch.autocast(device.type, enabled=False) if torch.amp.is_autocast_available(device.type) else nullcontext()


def narrowed(x: Tensor) -> Tensor:
    """``x`` in autocast's precision where that is on: as convolutions would cast it, once for all that read it."""
    device = x.device.type
    if not torch.amp.is_autocast_available(device) or not torch.is_autocast_enabled(device):
        return x
    return x.to(torch.get_autocast_dtype(device))

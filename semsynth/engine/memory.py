"""Memory that a process needed at most."""

from __future__ import annotations

import gc
from contextlib import suppress
from pathlib import Path

import torch


def peak_memory(device: str | None = None) -> int:
    """Most memory so far in MB: allocated on the GPU, else resident of this process; by default the GPU's if any."""
    if _is_gpu(device):
        return torch.cuda.max_memory_allocated() >> 20
    import resource  # not on Windows, where only inference is meant to run
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10


def forget_peak(device: str | None = None) -> None:
    """Free what nobody uses any more, and let :func:`peak_memory` start anew (on CPUs: where Linux can)."""
    gc.collect()
    if _is_gpu(device):
        torch.cuda.reset_peak_memory_stats()
    else:
        with suppress(OSError):
            Path('/proc/self/clear_refs').write_text('5')


def _is_gpu(device: str | None) -> bool:
    return device.startswith('cuda') if device else torch.cuda.is_available()

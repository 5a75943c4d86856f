"""Peak memory of a process."""

from __future__ import annotations

import gc
from contextlib import suppress
from pathlib import Path

import torch


def peak_memory() -> int:
    """Peak memory so far in MB: allocated on the GPU where there is one, else resident memory of this process."""
    if torch.cuda.is_available():
        return torch.cuda.max_memory_allocated() >> 20
    import resource  # not on Windows, where only inference is meant to run
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10


def forget_peak() -> None:
    """Free unused memory, and reset what ``peak_memory`` measures (on CPUs: where Linux can)."""
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.reset_peak_memory_stats()
    else:
        with suppress(OSError):
            Path('/proc/self/clear_refs').write_text('5')

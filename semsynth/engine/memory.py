"""Memory of a process: its peak, and that what a step frees is there for the next one."""

from __future__ import annotations

import ctypes
import gc
import os
import sys
from contextlib import suppress
from pathlib import Path

import torch

M_TRIM_THRESHOLD, M_MMAP_MAX = -1, -4
"""What glibc calls the settings of ``mallopt``."""


def reuse_memory() -> None:
    """Keep memory that is freed for what is allocated next, from now on, where the C library is glibc.

    By default glibc gives large blocks back to the system at once. Every step of training then has all of its feature
    maps and gradients anew, and the system fills each page with zeros when it is first touched. Whoever sets one of
    glibc's own environment variables, such as ``MALLOC_MMAP_MAX_``, keeps his way.
    """
    if sys.platform == 'linux' and not any(name.startswith('MALLOC_') for name in os.environ):
        with suppress(AttributeError):  # another C library has no mallopt
            mallopt = ctypes.CDLL(None).mallopt
            mallopt(M_MMAP_MAX, 0)
            mallopt(M_TRIM_THRESHOLD, -1)


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
        with suppress(AttributeError, TypeError):  # another C library, another system
            ctypes.CDLL(None).malloc_trim(0)
        with suppress(OSError):
            Path('/proc/self/clear_refs').write_text('5')

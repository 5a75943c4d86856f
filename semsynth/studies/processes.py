"""Tools run as separate processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch

COMMAND = ('-m', 'semsynth')
"""Arguments of Python up to the subcommand."""
STOP_SECONDS = 120
"""Seconds that a process has, after it was asked to end, for its last step and checkpoint."""
DIES_WITH_PARENT = '''
import ctypes, os, signal, sys
PR_SET_PDEATHSIG = 1
ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
if os.getppid() == int(sys.argv[1]):
    os.execv(sys.executable, [sys.executable, *sys.argv[2:]])
'''
"""Becomes the Python process that it is given, which Linux ends with its parent.

The process asks for this itself: between fork and exec no Python is safe where there are threads, as the progress has.
"""


def share(slot: int, count: int, ranks: int = 1) -> dict[str, str]:
    """What one of several processes at once sees: its share of the cores, and its GPU while there are enough.

    Args:
        slot: number of the process, from 0.
        count: how many run at once.
        ranks: how many ranks each of them starts, every one with a GPU and a share of its own.

    Returns:
        The environment; what the caller's says of threads stands.
    """
    # Threads that wait soon sleep: where others use the cores too, a step is three times as fast.
    environment = {'GOMP_SPINCOUNT': '10000'}
    if count * ranks > 1:
        environment['OMP_NUM_THREADS'] = str(max(1, len(os.sched_getaffinity(0)) // (count * ranks)))
    environment |= os.environ
    if gpus := torch.cuda.device_count():
        visible = os.environ.get('CUDA_VISIBLE_DEVICES', ','.join(map(str, range(gpus)))).split(',')
        places = range(slot * ranks, (slot + 1) * ranks)
        environment['CUDA_VISIBLE_DEVICES'] = ','.join(visible[place % gpus] for place in places)
    return environment


def python(command: Sequence[str]) -> list[str]:
    """A tool and its arguments as a process that does not outlive this one, however this one ends (on Linux)."""
    return [sys.executable, '-c', DIES_WITH_PARENT, str(os.getpid()), *command]


def start(command: Sequence[str], **settings) -> subprocess.Popen:
    """Start a tool as such a process; further arguments are those of ``Popen``.

    In a session of its own: a terminal's Ctrl-C comes to this process alone, which passes it on by ``stop``. Twice,
    it would end a training at once.
    """
    return subprocess.Popen(python(command), start_new_session=True, **settings)


def stop(processes: Sequence[subprocess.Popen]) -> None:
    """Ask processes to end, so that a training can save a checkpoint; kill those that have not ended in time."""
    for process in processes:
        process.terminate()
    deadline = time.monotonic() + STOP_SECONDS
    for process in processes:
        try:
            process.wait(max(0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextmanager
def sigterm_unwinds() -> Iterator[None]:
    """Within it SIGTERM raises ``SystemExit(143)``, as Ctrl-C raises KeyboardInterrupt: what was started is stopped."""
    def end(number: int, frame: object) -> None:
        sys.exit(128 + number)

    if threading.current_thread() is not threading.main_thread():  # to which alone Python gives signals
        yield
        return
    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)

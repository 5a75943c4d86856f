"""Tools as processes of their own."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

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


def python(command: Sequence[str]) -> list[str]:
    """A tool and its arguments as a process that does not outlive this one, however this one ends (on Linux)."""
    return [sys.executable, '-c', DIES_WITH_PARENT, str(os.getpid()), *command]

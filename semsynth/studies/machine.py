"""What a measurement was made on, in words."""

from __future__ import annotations

import os
import platform
import re
from pathlib import Path

import torch


def machine() -> str:
    """One line: processor, cores, versions; no GPU is asked."""
    cpuinfo = Path('/proc/cpuinfo')
    model = re.search(r'model name\s*: (.+)', cpuinfo.read_text(encoding='utf-8')) if cpuinfo.is_file() else None
    return (f'{model[1] if model else platform.machine()}, {os.cpu_count()} cores; torch {torch.__version__}; '
            f'Python {platform.python_version()}')

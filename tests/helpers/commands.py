"""Python as a process of its own, as a user starts it."""

import os
import subprocess
import sys
from pathlib import Path

import semsynth
from helpers.ranks import PATIENCE

FOUND_IN = Path(semsynth.__file__).parents[1], Path(__file__).parents[1]


def run_python(*arguments, **environment):
    """A finished process with its output as text; it imports the package and the tests' helpers where we did."""
    path = os.pathsep.join([*map(str, FOUND_IN), os.environ.get('PYTHONPATH', '')]).rstrip(os.pathsep)
    return subprocess.run([sys.executable, *map(str, arguments)], env={**os.environ, 'PYTHONPATH': path, **environment},
                          capture_output=True, text=True, check=False, timeout=PATIENCE)

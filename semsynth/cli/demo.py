"""The demo, step by step, in a checkout: what is done is skipped, what was cut off is resumed."""

from __future__ import annotations

import os
from argparse import ArgumentParser, Namespace
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def add_arguments(parser: ArgumentParser) -> None:
    """There are none."""


def run(args: Namespace) -> None:
    """Run the demo from the repository's root."""
    if not (ROOT / 'configs').is_dir():
        raise ValueError('The demo needs the configs of the repository: clone it, and run make demo there.')
    from semsynth.studies.demo import run_demo

    os.chdir(ROOT)  # where paths in configs start
    page = run_demo(ROOT)
    print(f'Open the gallery in a browser:\n{page}')

"""The demo, step by step, in the current folder: what is done is skipped, what was cut off is resumed."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace


def add_arguments(parser: ArgumentParser) -> None:
    """There are none."""


def run(args: Namespace) -> None:
    """Run the demo."""
    from semsynth.studies.demo import run_demo

    page = run_demo().resolve()
    print(f'Open the gallery in a browser:\n{page}')

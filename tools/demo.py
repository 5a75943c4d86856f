"""The demo, step by step: python tools/demo.py. What is done is skipped, what was cut off is resumed."""

import argparse
import os
from pathlib import Path

from semsynth.cli.options import plain_errors
from semsynth.studies.demo import run_demo


@plain_errors()
def main() -> None:
    """Run the demo from the repository's root."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    root = Path(__file__).resolve().parents[1]
    os.chdir(root)  # where paths in configs start
    page = run_demo(root)
    print(f'Open the gallery in a browser:\n{page}')


if __name__ == '__main__':
    main()

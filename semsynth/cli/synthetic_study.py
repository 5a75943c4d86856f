"""Compare synthetic with real training data: semsynth synthetic-study semsynth::synthetic_studies/toycity.py."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace

from semsynth.cli.options import TRAINING_PRECISION, add_options


def add_arguments(parser: ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument('config', help='config of the study, or its name, such as '
                        'semsynth::synthetic_studies/toycity.py')
    parser.add_argument('--seeds', type=int, nargs='+', default=[0], metavar='SEED',
                        help='each segmentor is trained with each of them (default: 0)')
    parser.add_argument('--jobs', type=int, default=1, metavar='N', help='trainings at once, on a GPU each while there '
                        'are enough (default: %(default)s)')
    parser.add_argument('--out', help='folder for everything (default: work_dirs/synthetic_studies/NAME)')
    parser.add_argument('--results', metavar='DIR', help='keep table, chart and the result of each training as '
                        'small JSONs there too')
    parser.add_argument('--precision', **TRAINING_PRECISION)
    add_options(parser, '--cfg-options')


def run(args: Namespace) -> None:
    """Run the study; what is done is skipped, what was cut off is resumed."""
    from semsynth.studies.synthetic_data import synthetic_study

    failed = synthetic_study(args.config, seeds=args.seeds, jobs=args.jobs, out=args.out, precision=args.precision,
                             cfg_options=args.cfg_options, results=args.results)
    if failed:
        sys.exit(f'error: {"; ".join(failed)} failed; the same command tries again.')

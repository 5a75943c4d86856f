"""Train and judge a folder of configs under equal conditions: semsynth ablate semsynth::ablations/ecgan."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path

from semsynth.cli.options import TRAINING_PRECISION, add_options


def add_arguments(parser: ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument('folder', help='folder of configs, a row each, such as '
                        'semsynth::ablations/ecgan_toycity')
    parser.add_argument('--jobs', type=int, default=1, metavar='N', help='runs at once, on a GPU each while there are '
                        'enough (default: %(default)s)')
    parser.add_argument('--seeds', type=int, nargs='+', default=[0], metavar='SEED',
                        help='every config is trained with each of them (default: 0)')
    parser.add_argument('--rows', nargs='+', metavar='NAME', help='configs to train, without .py (default: all)')
    parser.add_argument('--results', metavar='DIR', help='keep the results there, and a table; what is there is not '
                        'run again')
    parser.add_argument('--table-only', action='store_true', help='train nothing: write the table of --results')
    parser.add_argument('--out', help='folder for table, checkpoints and logs (default: work_dirs/ablations/NAME)')
    parser.add_argument('--precision', **TRAINING_PRECISION)
    parser.add_argument('--gpus-per-run', type=int, default=1, metavar='N', help='GPUs that train a run together, by '
                        'torchrun, and share its batch; without GPUs, processes (default: %(default)s)')
    parser.add_argument('--allow-unequal', action='store_true',
                        help='rows may differ in their conditions; the table says in which')
    add_options(parser, '--cfg-options')


def run(args: Namespace) -> None:
    """Run the ablation; what is done is skipped, what was cut off is resumed."""
    from semsynth.studies.ablation import ablate, tabulate

    if args.table_only:
        if args.results is None:
            raise ValueError('--table-only writes the table of results that were kept: name their folder with '
                             '--results.')
        print(tabulate(args.folder, args.results, seeds=args.seeds, precision=args.precision,
                       allow_unequal=args.allow_unequal, cfg_options=args.cfg_options))
        if not Path(args.results).is_dir():
            print(f'There is no folder {args.results} yet, so the table is not written.')
        return
    failed = ablate(args.folder, jobs=args.jobs, seeds=args.seeds, out=args.out, precision=args.precision,
                    gpus_per_run=args.gpus_per_run, allow_unequal=args.allow_unequal, cfg_options=args.cfg_options,
                    rows=args.rows, results=args.results)
    if failed:
        sys.exit(f'error: {len(failed)} run{"s" if len(failed) > 1 else ""} failed: {"; ".join(failed)}; the same '
                 'command tries them again.')

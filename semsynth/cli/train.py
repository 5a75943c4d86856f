"""Train a synthesizer from a config: semsynth train semsynth::ecgan/ecgan_toycity.py."""

from __future__ import annotations

from argparse import ArgumentError, ArgumentParser, Namespace

from semsynth.cli.options import TRAINING_PRECISION, add_options


def add_arguments(parser: ArgumentParser) -> None:
    """Add the arguments."""
    add_options(parser, 'config', '--work-dir', '--resume', '--launcher', '--cfg-options')
    parser.add_argument('--precision', **TRAINING_PRECISION)
    parser.add_argument('--dry-run', action='store_true',
                        help='print the complete config, parameter counts, time and memory of one step, then stop')


def run(args: Namespace) -> None:
    """Train, or take the first step alone."""
    if args.dry_run and (args.resume or args.launcher != 'none'):
        raise ArgumentError(None, '--dry-run takes the first step of a new run on one rank: leave --resume and '
                                  '--launcher out.')
    from semsynth.apis import dry_run, train

    if args.dry_run:
        print(dry_run(args.config, work_dir=args.work_dir, precision=args.precision, cfg_options=args.cfg_options))
    else:
        train(args.config, work_dir=args.work_dir, resume=args.resume, precision=args.precision, launcher=args.launcher,
              cfg_options=args.cfg_options)

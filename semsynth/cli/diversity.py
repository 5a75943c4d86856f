"""How diverse images of one layout are: semsynth diversity MODEL INPUT... [--samples 10]."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from semsynth.cli.options import add_options, load_model


def add_arguments(parser: ArgumentParser) -> None:
    """Add the arguments."""
    add_options(parser, 'model', 'input')
    parser.add_argument('--samples', type=int, default=10, help='images of each layout (default: %(default)s)')
    parser.add_argument('--out', help='result file (default: diversity_CHECKPOINT.json beside the checkpoint)')
    add_options(parser, '--instances', '--styles', '--seed', '--device', '--cfg-options')


def run(args: Namespace) -> None:
    """Measure."""
    from semsynth.apis import measure_diversity

    inferencer = load_model(args, args.input)
    measure_diversity(inferencer, inferencer.find(args.input, args.instances), samples=args.samples, seed=args.seed,
                      out=args.out)

"""Judge a trained model on its test set: semsynth test MODEL."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from semsynth.cli.options import add_options


def add_arguments(parser: ArgumentParser) -> None:
    """Add the arguments."""
    add_options(parser, 'model')
    parser.add_argument('checkpoint', nargs='?', metavar='CHECKPOINT', help='its weights, where MODEL is a config; '
                        'without them the untrained generator is judged')
    parser.add_argument('--styles', help='file of styles by encode_styles, for a model with styles')
    parser.add_argument('--out', help='result file (default: results_CHECKPOINT.json beside the checkpoint)')
    add_options(parser, '--launcher', '--cfg-options')


def run(args: Namespace) -> None:
    """Evaluate."""
    from semsynth.apis import evaluate

    evaluate(args.model, args.checkpoint, out=args.out, launcher=args.launcher, cfg_options=args.cfg_options,
             styles=args.styles)

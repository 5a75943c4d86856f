"""Render a ToyCity data set, procedural street scenes as Cityscapes has them: semsynth make_toycity --out DIR."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace


def add_arguments(parser: ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument('--out', required=True, help='folder of the data set, the data_root of a config')
    parser.add_argument('--train', type=int, default=2000, help='training scenes (default: %(default)s)')
    parser.add_argument('--val', type=int, default=100, help='validation scenes (default: %(default)s)')
    parser.add_argument('--size', type=int, nargs=2, default=(64, 128), metavar=('H', 'W'),
                        help='height and width (default: 64 128)')
    parser.add_argument('--seed', type=int, default=0, help='(default: %(default)s)')
    parser.add_argument('--workers', type=int, default=1, help='processes that render (default: %(default)s)')


def run(args: Namespace) -> None:
    """Render."""
    from semsynth.data.toycity import make_toycity

    print(make_toycity(args.out, train=args.train, val=args.val, size=tuple(args.size), seed=args.seed,
                       workers=args.workers))

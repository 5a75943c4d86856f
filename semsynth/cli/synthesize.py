"""Images from label maps: semsynth synthesize MODEL INPUT... --out DIR."""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError, Namespace

from semsynth.cli.options import add_options, load_model


def add_arguments(parser: ArgumentParser) -> None:
    """Add the arguments."""
    add_options(parser, 'model', 'input')
    parser.add_argument('--out', required=True, help="folder for NAME.png (and NAME_edge.png), in the inputs' "
                        'subfolders')
    add_options(parser, '--instances', '--photos', '--styles')
    parser.add_argument('--style', nargs='+', type=_style, action='extend', default=[], metavar='CLASS=CLUSTER',
                        help='the style of all objects of a class, or with ID=CLUSTER of one')
    parser.add_argument('--samples', type=int, default=1, help='results of each layout: NAME_1.png, ..., and all side '
                        'by side, edges below, in NAME_samples.png')
    add_options(parser, '--seed', '--device', '--precision', '--cfg-options')


def run(args: Namespace) -> None:
    """Synthesise."""
    from semsynth.apis import synthesize

    inferencer = load_model(args, args.input)
    layouts = inferencer.find(args.input, args.instances, args.photos)
    synthesize(inferencer, layouts, args.out, samples=args.samples, seed=args.seed, clusters=dict(args.style))
    print(f'{len(layouts)} scene{"s" if len(layouts) != 1 else ""} in {args.out}')


def _style(text: str) -> tuple[str, int]:
    """An object and the number of a cluster."""
    name, _, number = text.rpartition('=')
    if not name or not number.isdecimal():
        raise ArgumentTypeError(f'expected CLASS=CLUSTER or ID=CLUSTER, such as car=3, found {text}')
    return name, int(number)

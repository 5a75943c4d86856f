"""Pictures of the insides: semsynth visualize MODEL INPUT... --out DIR."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from semsynth.cli.options import add_options, load_model


def add_arguments(parser: ArgumentParser) -> None:
    """Add the arguments."""
    add_options(parser, 'model', 'input')
    parser.add_argument('--out', default='insides', help='folder for NAME_insides.png (default: %(default)s)')
    parser.add_argument('--classes', nargs='+', default=[], metavar='CLASS', help='names or indices of the classes '
                        'whose channels are shown (default: the three with the most pixels)')
    parser.add_argument('--segmentor', choices=('judge', 'none'), default='judge', help='who segments '
                        'images: the judge, or nobody (default: %(default)s)')
    add_options(parser, '--instances', '--photos', '--styles', '--seed', '--device', '--cfg-options')


def run(args: Namespace) -> None:
    """Draw."""
    from semsynth.studies.insides import draw_insides

    inferencer = load_model(args, args.input)
    layouts = inferencer.find(args.input, args.instances, args.photos)
    left_out = draw_insides(inferencer, layouts, args.out, classes=args.classes, segment=args.segmentor == 'judge',
                            seed=args.seed)
    print(f'{len(layouts)} sheet{"s" if len(layouts) > 1 else ""} in {args.out}. {left_out}'.strip())

"""Make a labelled training set of synthetic images: semsynth synthetic-data CHECKPOINT --out DIR."""

from __future__ import annotations

import sys
from argparse import ArgumentError, ArgumentParser, Namespace
from pathlib import Path

from semsynth.cli.options import add_options, load_model


def add_arguments(parser: ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument('model', metavar='MODEL', help='trained model: a checkpoint, a published folder, or a config')
    add_options(parser, 'checkpoint')
    parser.add_argument('--out', required=True, help='folder to make, with images, label maps and configs')
    parser.add_argument('--layouts', nargs='+', default=[], metavar='INPUT', help='label maps, or folders of them '
                        '(default: those of the training)')
    add_options(parser, '--instances', '--styles')
    parser.add_argument('--per-map', type=int, metavar='N', help='images a map, on average (default: 4, or 1)')
    parser.add_argument('--even', action='store_true', help='as many of each map, instead of more of hard ones')
    parser.add_argument('--judge', nargs='+', metavar='FILE', help='config of a segmentor that filters, and weights '
                        "(default: the model's)")
    parser.add_argument('--judge-size', nargs=2, type=int, metavar=('H', 'W'), help='size at which '
                        'it looks at images (default: that of its training)')
    parser.add_argument('--margin', type=float, help="ignore pixels over so many times their "
                        "class's mean loss (default: 1.25)")
    parser.add_argument('--no-filter', action='store_true', help='ignore no pixels')
    add_options(parser, '--seed', '--device', '--cfg-options')


def run(args: Namespace) -> None:
    """Make it, and tell what the judge left out."""
    if args.judge and args.no_filter:
        raise ArgumentError(None, '--judge names who filters, --no-filter leaves all pixels in: drop one')
    if args.margin is not None and args.no_filter:
        raise ArgumentError(None, '--margin says which pixels are ignored, --no-filter ignores none: drop one')
    if args.judge and len(args.judge) > 2:
        raise ArgumentError(None, '--judge takes a config and its weights, no more')
    _check(args)
    from semsynth.studies.processes import sigterm_unwinds
    from semsynth.studies.synthetic_data import earlier_note, images_in
    from semsynth.studies.synthetic_data.losses import MARGIN

    args.margin = MARGIN if args.margin is None else args.margin
    known = dict(margin=None if args.no_filter else args.margin, seed=args.seed, even=args.even or args.no_filter)
    earlier_note(Path(args.out), known | ({} if args.per_map is None else dict(per_map=args.per_map)), some=True)
    try:
        with sigterm_unwinds():
            _make(args)
    except (KeyboardInterrupt, SystemExit):
        if count := images_in(args.out):
            print(f'{count} image{"s are" if count > 1 else " is"} there; the same command goes on.', file=sys.stderr)
        raise


def _check(args: Namespace) -> None:
    """Refuse what needs no model to be refused."""
    if args.judge_size and not args.judge:
        raise ArgumentError(None, '--judge-size is of the segmentor that --judge names: give both')
    for place in [*args.layouts, *([args.instances] if args.instances else [])]:
        if not Path(place).exists():
            raise ArgumentError(None, f'there is no file or folder {place}: name label maps, or folders of them')


def _make(args: Namespace) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from semsynth.errors import counted
    from semsynth.studies.synthetic_data import find_maps, judge_config, make_synthetic_data

    inferencer = load_model(args)
    layouts = find_maps(inferencer, args.layouts, args.instances)
    console = Console()
    judge = None
    if args.judge:
        config, *weights = args.judge
        judge = judge_config(config, weights[0] if weights else None, args.judge_size)
        if not weights:
            console.print(f'The judge has the weights {judge["checkpoint"]}.', soft_wrap=True, highlight=False,
                          markup=False)
    made = make_synthetic_data(
        inferencer, layouts, args.out, judge=judge, filtered=not args.no_filter, per_map=args.per_map, even=args.even,
        margin=args.margin, seed=args.seed)
    table = Table('class', 'pixels', 'mean loss', 'judge agrees, %', 'ignored, %')
    for column in table.columns[1:]:
        column.justify = 'right'
    for each in made.note['classes']:
        table.add_row(escape(each['name']), str(each['pixels']), *(
            '-' if each[key] is None else f'{scale * each[key]:{form}}'
            for key, scale, form in (('mean_loss', 1, '.3f'), ('accuracy', 100, '.1f'), ('ignored', 100, '.1f'))))
    if made.note['classes']:
        console.print(table)
    if size := made.note['settings'].get('judge_size'):
        console.print(f'The judge looked at the images at {size[0]}x{size[1]}.', highlight=False)
    each = '' if made.note['settings']['per_map'] > 1 else ', one of each'
    console.print(f'{made.out}: {counted(made.note["images"], "image")} of '
                  f'{counted(made.note["settings"]["maps"], "label map")}{each}; {100 * made.note["ignored"]:.1f} % of '
                  f'the pixels are ignored.\n\nNext:\n  semsynth check_dataset {made.config}', soft_wrap=True,
                  highlight=False, markup=False)

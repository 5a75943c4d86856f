"""Make a labelled training set of synthetic images: semsynth synthetic-data CHECKPOINT --out DIR."""

from __future__ import annotations

from argparse import ArgumentError, ArgumentParser, Namespace

from semsynth.cli.options import add_options, load_model


def add_arguments(parser: ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument('model', metavar='MODEL', help='trained model: a checkpoint, a published folder, or a config')
    add_options(parser, 'checkpoint')
    parser.add_argument('--out', required=True, help='folder to make, with images, label maps and configs')
    parser.add_argument('--layouts', nargs='+', default=[], metavar='DIR', help='label maps (default: those that the '
                        'model was trained on)')
    add_options(parser, '--instances', '--styles')
    parser.add_argument('--per-map', type=int, metavar='N', help='images a map, on average (default: 4, or 1)')
    parser.add_argument('--even', action='store_true', help='as many of each map, instead of more of hard ones')
    parser.add_argument('--judge', nargs='+', metavar='CONFIG', help='segmentor that filters, and its weights '
                        "(default: the config's judge)")
    parser.add_argument('--margin', type=float, default=1.25, help="ignore pixels over so many times their "
                        "class's mean loss (default: 1.25)")
    parser.add_argument('--no-filter', action='store_true', help='ignore no pixels')
    add_options(parser, '--seed', '--device', '--cfg-options')


def run(args: Namespace) -> None:
    """Make it, and tell what the judge left out."""
    if args.judge and args.no_filter:
        raise ArgumentError(None, '--judge names who filters, --no-filter leaves all pixels in: drop one')
    if args.judge and len(args.judge) > 2:
        raise ArgumentError(None, '--judge takes a config and its weights, no more')
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from semsynth.errors import counted
    from semsynth.studies.synthetic_data import find_maps, judge_config, make_synthetic_data

    inferencer = load_model(args)
    layouts = find_maps(inferencer, args.layouts, args.instances)
    made = make_synthetic_data(
        inferencer, layouts, args.out, judge=judge_config(*args.judge) if args.judge else None,
        filtered=not args.no_filter, per_map=args.per_map, even=args.even, margin=args.margin, seed=args.seed)
    console, table = Console(), Table('class', 'pixels', 'mean loss', 'ignored, %')
    for column in table.columns[1:]:
        column.justify = 'right'
    for each in made.note['classes']:
        table.add_row(escape(each['name']), str(each['pixels']), f'{each["mean_loss"]:.3f}',
                      f'{100 * each["ignored"]:.1f}')
    if made.note['classes']:
        console.print(table)
    each = '' if made.note['settings']['per_map'] > 1 else ', one of each'
    console.print(f'{made.out}: {counted(made.note["images"], "image")} of '
                  f'{counted(made.note["settings"]["maps"], "label map")}{each}; {100 * made.note["ignored"]:.1f} % of '
                  f'the pixels are ignored.\n\nNext:\n  semsynth check_dataset {made.config}', soft_wrap=True,
                  highlight=False, markup=False)

"""Make label maps of photos by a segmentor, for semsynth import: semsynth label PHOTOS --segmentor CONFIG --out DIR."""

from __future__ import annotations

from argparse import ArgumentError, ArgumentParser, Namespace

from semsynth.cli.options import add_options


def add_arguments(parser: ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument('photos', help='folder of photos, or one photo; it stays as it is')
    parser.add_argument('--segmentor', nargs='+', required=True, metavar=('CONFIG', 'CHECKPOINT'), help='config of a '
                        'segmentor, such as mmseg::segformer/NAME.py, and its weights (default: those that mmseg '
                        'publishes, downloaded once, or that semsynth train_segmentor CONFIG has written)')
    parser.add_argument('--out', required=True, help='folder of the label maps, and of classes.txt')
    parser.add_argument('--longest', type=int, default=2048, metavar='PIXELS',
                        help='photos with a longer side are shrunk for the segmentor (default: %(default)s)')
    add_options(parser, '--device')


def run(args: Namespace) -> None:
    """Label."""
    if len(args.segmentor) > 2:
        raise ArgumentError(None, '--segmentor takes a config and a checkpoint, no more.')
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from semsynth.apis import label_photos
    from semsynth.errors import counted

    config, *checkpoint = args.segmentor
    done = label_photos(args.photos, args.out, config=config, checkpoint=checkpoint[0] if checkpoint else None,
                        longest=args.longest, device=args.device)
    console, table = Console(), Table('class', 'pixels, %')
    table.columns[1].justify = 'right'
    for index in (-done.pixels).argsort(kind='stable'):
        table.add_row(escape(done.classes[index]), f'{100 * done.pixels[index] / max(done.pixels.sum(), 1):.3f}')
    if done.made:
        console.print(table)
    console.print(f'{done.out}: {counted(done.made, "label map")} made, {done.present} were there.\n\nNext:\n'
                  f'  semsynth import {done.out} --photos {done.photos} --out FOLDER', soft_wrap=True, highlight=False,
                  markup=False)

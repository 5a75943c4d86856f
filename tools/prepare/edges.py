"""HED edges of a config's training photos: python tools/prepare/edges.py CONFIG [--weights network-bsds500.pytorch]."""

import argparse

from semsynth.apis.edges import make_edges
from semsynth.cli.options import add_config_options, plain_errors
from semsynth.data.prepare.hed import WEIGHTS


@plain_errors()
def main() -> None:
    """Parse the command line, and find edges."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('config', help="config file whose training set has edges=dict(folder=...), where the edge maps "
                        'go; those that are there are skipped')
    parser.add_argument('--weights', default=WEIGHTS, help='of HED (default: %(default)s, looked for in the folder '
                        'that SEMSYNTH_WEIGHTS names)')
    parser.add_argument('--device', help='such as cpu or cuda:1 (default: the GPU where there is one)')
    add_config_options(parser)
    args = parser.parse_args()
    count, folder = make_edges(args.config, args.weights, args.device, args.cfg_options)
    print(f'{count} edge maps in {folder}')


if __name__ == '__main__':
    main()

"""Renders a ToyCity data set: procedural street scenes in the Cityscapes directory layout."""

import argparse

from semsynth.cli.options import plain_errors
from semsynth.data.toycity import make_toycity


@plain_errors()
def main(argv=None):
    """Parses the command line and renders."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--out', required=True, help='folder of the data set, the data_root of a config')
    parser.add_argument('--train', type=int, default=2000, help='training scenes (default: %(default)s)')
    parser.add_argument('--val', type=int, default=100, help='validation scenes (default: %(default)s)')
    parser.add_argument('--size', type=int, nargs=2, default=(64, 128), metavar=('H', 'W'),
                        help='height and width (default: 64 128)')
    parser.add_argument('--seed', type=int, default=0, help='(default: %(default)s)')
    parser.add_argument('--workers', type=int, default=1, help='processes that render (default: %(default)s)')
    arguments = parser.parse_args(argv)
    print(make_toycity(**{**vars(arguments), 'size': tuple(arguments.size)}))


if __name__ == '__main__':
    main()

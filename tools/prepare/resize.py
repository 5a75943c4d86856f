"""A config's data at the config's size: python tools/prepare/resize.py CONFIG --out data/cityscapes_256x512."""

import argparse

from semsynth.apis.resize import SPLITS, resize_data
from semsynth.cli.options import add_config_options, plain_errors


@plain_errors()
def main() -> None:
    """Parse the command line, and copy."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('config', help='config file whose pipelines resize right after loading')
    parser.add_argument('--out', required=True, help='folder of the copy, the data_root to train from; what is there '
                        'is skipped')
    parser.add_argument('--split', nargs='+', choices=SPLITS, default=SPLITS, help='of these dataloaders (default: '
                        'all that the config has)')
    add_config_options(parser)
    args = parser.parse_args()
    counts = resize_data(args.config, args.out, args.split, args.cfg_options)
    print(f'{args.out}: {", ".join(f"{number} scenes in {folder}" for folder, number in counts.items())}')


if __name__ == '__main__':
    main()

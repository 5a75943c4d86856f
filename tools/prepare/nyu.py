"""NYU Depth v2 from its official files: python tools/prepare/nyu.py downloads/nyu --out data/nyu."""

import argparse

from semsynth.cli.options import plain_errors
from semsynth.data.prepare import prepare_nyu


@plain_errors()
def main() -> None:
    """Parse the command line, and turn MATLAB's arrays into pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('source', help='folder with nyu_depth_v2_labeled.mat, splits.mat and classMapping40.mat')
    parser.add_argument('--out', required=True, help='folder of the data set; what is there is skipped')
    args = parser.parse_args()
    counts = prepare_nyu(args.source, args.out)
    print(f'{args.out}: {", ".join(f"{number} {split}" for split, number in counts.items())}')


if __name__ == '__main__':
    main()

"""ADE20K from its official archive: python tools/prepare/ade20k.py ADEChallengeData2016.zip --out data/ade20k."""

import argparse

from semsynth.cli.options import plain_errors
from semsynth.data.prepare import prepare_ade20k


@plain_errors()
def main() -> None:
    """Parse the command line, unpack and check."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('source', help='ADEChallengeData2016.zip')
    parser.add_argument('--out', required=True, help='folder of the data set; what is there is skipped')
    args = parser.parse_args()
    counts = prepare_ade20k(args.source, args.out)
    print(f'{args.out}: {", ".join(f"{number} {split}" for split, number in counts.items())}')


if __name__ == '__main__':
    main()

"""Helen from its official archive: python tools/prepare/helen.py SmithCVPR2013_dataset_resized --out data/helen."""

import argparse

from semsynth.cli.options import plain_errors
from semsynth.data.prepare import prepare_helen


@plain_errors()
def main() -> None:
    """Parse the command line, and turn masks into label maps."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('source', help='SmithCVPR2013_dataset_resized, unpacked')
    parser.add_argument('--out', required=True, help='folder of the data set; what is there is skipped')
    args = parser.parse_args()
    counts = prepare_helen(args.source, args.out)
    print(f'{args.out}: {", ".join(f"{number} {split}" for split, number in counts.items())}')


if __name__ == '__main__':
    main()

"""COCO-Stuff from its official archives: python tools/prepare/coco_stuff.py downloads/coco --out data/coco_stuff."""

import argparse

from semsynth.cli.options import plain_errors
from semsynth.data.prepare import prepare_coco_stuff


@plain_errors()
def main() -> None:
    """Parse the command line, write the tree and check it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('source', help='folder with train2017, val2017, stuffthingmaps_trainval2017 and '
                                       'annotations_trainval2017, as zip archives or unpacked')
    parser.add_argument('--out', required=True, help='folder of the data set; what is there is skipped')
    args = parser.parse_args()
    counts = prepare_coco_stuff(args.source, args.out)
    print(f'{args.out}: {", ".join(f"{number} {split}" for split, number in counts.items())}')


if __name__ == '__main__':
    main()

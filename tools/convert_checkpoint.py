"""Official weights to ours: python tools/convert_checkpoint.py SOURCE --source CODE --part PART --out FILE."""

import argparse

from semsynth.apis.conversion import convert_checkpoint, convert_styles
from semsynth.cli.options import plain_errors
from semsynth.converters import SOURCES


@plain_errors()
def main() -> None:
    """Parse the command line and convert."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('file', metavar='SOURCE', help='official file: netG, netD, netE, or clustered features')
    parser.add_argument('--source', required=True, choices=SOURCES, help='the official code that wrote it')
    parser.add_argument('--part', required=True, choices=['generator', 'discriminator', 'encoder', 'clusters'],
                        help='what it is; clusters become a file of styles, the others a checkpoint')
    parser.add_argument('--out', required=True, metavar='FILE', help='the file to write')
    parser.add_argument('--add', action='store_true', help='keep the other parts that the checkpoint FILE has already')
    args = parser.parse_args()
    if args.part == 'clusters' and args.add:
        parser.error('clusters become a file of their own: leave --add out.')
    if args.part == 'clusters' and args.source != 'pix2pixhd':
        parser.error(f'only pix2pixhd has clusters, not {args.source}.')
    if args.part == 'clusters':
        print(f'{convert_styles(args.file, args.out)} styles in {args.out}')
        return
    converted = convert_checkpoint(args.file, args.source, args.part, args.out, add=args.add)
    arguments = ', '.join(f'{key}={value!r}' for key, value in converted.network.items())
    print(f'{args.out} has this network:\n{args.part}=dict({arguments})')
    if converted.guessed:
        print(f'Guessed, for the weights do not tell: {", ".join(converted.guessed)}. Take them from the options that '
              'it was trained with.')


if __name__ == '__main__':
    main()

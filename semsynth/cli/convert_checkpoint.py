"""Official weights to ours: semsynth convert_checkpoint SOURCE --source CODE --part PART --out FILE."""

from __future__ import annotations

from argparse import ArgumentError, ArgumentParser, Namespace

SOURCES = ('pix2pixhd', 'spade', 'oasis', 'ccfpse')


def add_arguments(parser: ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument('file', metavar='SOURCE', help='official file: netG, netD, netE, or clustered features')
    parser.add_argument('--source', required=True, choices=SOURCES, help='the official code that wrote it')
    parser.add_argument('--part', required=True, choices=['generator', 'discriminator', 'encoder', 'clusters'],
                        help='what it is; clusters become a file of styles, the others a checkpoint')
    parser.add_argument('--out', required=True, metavar='FILE', help='the file to write')
    parser.add_argument('--add', action='store_true', help='keep the other parts that the checkpoint FILE has already')


def run(args: Namespace) -> None:
    """Convert."""
    if args.part == 'clusters' and args.add:
        raise ArgumentError(None, 'clusters become a file of their own: leave --add out.')
    if args.part == 'clusters' and args.source != 'pix2pixhd':
        raise ArgumentError(None, f'only pix2pixhd has clusters, not {args.source}.')
    from semsynth.apis import convert_checkpoint, convert_styles

    if args.part == 'clusters':
        print(f'{convert_styles(args.file, args.out)} styles in {args.out}')
        return
    converted = convert_checkpoint(args.file, args.source, args.part, args.out, add=args.add)
    arguments = ', '.join(f'{key}={value!r}' for key, value in converted.network.items())
    print(f'{args.out} has this network:\n{args.part}=dict({arguments})')
    if converted.guessed:
        print(f'Guessed, for the weights do not tell: {", ".join(converted.guessed)}. Take them from the options that '
              'it was trained with.')

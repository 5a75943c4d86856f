"""Put results of one protocol side by side, of models and of given images: semsynth compare RESULT.json RESULT.json."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace


def add_arguments(parser: ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument('results', nargs='+', metavar='RESULT', help='result files by semsynth test; TITLE=FILE gives '
                        'a row its title')
    parser.add_argument('--out', metavar='FILE', help='Markdown file to write the table into')
    parser.add_argument('--allow-unequal', action='store_true',
                        help='mark scores of other protocols, instead of refusing them')


def run(args: Namespace) -> None:
    """Compare."""
    from semsynth.studies.comparison import compare

    print(compare(args.results, out=args.out, allow_unequal=args.allow_unequal))
    if args.out:
        print(f'Written to {args.out}')

"""The ``semsynth`` command: one module a subcommand, in which nothing heavy is imported before it runs.

A module has ``add_arguments(parser)`` and ``run(args)``. What is wrong with the arguments together, ``run`` says by an
``ArgumentError``.
"""

from __future__ import annotations

import sys
from argparse import ArgumentError
from importlib import import_module

from semsynth import __version__
from semsynth.arguments import check_value
from semsynth.cli.options import plain_errors
from semsynth.cli.parser import PlainParser

COMMANDS = ('train', 'test', 'synthesize', 'edit', 'export', 'publish', 'train_segmentor', 'encode_styles', 'diversity',
            'convert_checkpoint', 'check_dataset', 'prepare', 'make_toycity', 'visualize', 'ablate', 'user_study',
            'benchmark', 'demo', 'import', 'label', 'synthetic-data', 'synthetic-study', 'compare')
MODULES = {'import': 'import_data'}
"""Of commands whose names are words of Python."""


def build_parser() -> PlainParser:
    """The parser of the whole command; what it parses has ``run``."""
    parser = PlainParser('semsynth', description='Semantic image synthesis: label map in, photo out.')
    parser.add_argument('--version', action='version', version=__version__)
    commands = parser.add_subparsers(required=True, metavar='COMMAND')
    for name in COMMANDS:
        module = import_module(f'semsynth.cli.{MODULES.get(name, name.replace("-", "_"))}')
        summary = (module.__doc__ or '').splitlines()[0]
        command = commands.add_parser(name, help=summary.partition(':')[0].rstrip('.'), description=summary)
        command.set_defaults(run=module.run)
        module.add_arguments(command)
    return parser


@plain_errors()
def main(*words: str) -> None:
    """Run the command line.

    Args:
        words: come before those that the user gives: ``tools/train.py`` is ``main('train')``.
    """
    given = [*words, *sys.argv[1:]]
    args, strangers = build_parser().parse_known_args([*map(_as_known, given[:1]), *given[1:]])
    if strangers:
        args.parser.error(f'{args.parser.prog} does not take {" ".join(strangers)}')
    for name, value in vars(args).items():
        if type(value) in (int, float):  # before a model is loaded, which takes its time
            check_value(args.parser.prog, name, value, type(value))
    try:
        args.run(args)
    except ArgumentError as error:
        args.parser.error(str(error))


def _as_known(word: str) -> str:
    """A command's own name, in which hyphens and underscores stand for each other."""
    return next((name for name in COMMANDS if name.replace('-', '_') == word.replace('-', '_')), word)

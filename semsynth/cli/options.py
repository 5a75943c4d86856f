"""What the tools share: the option that overrides a config, and errors that are one sentence."""

from __future__ import annotations

import sys
from argparse import ArgumentError, ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from traceback import walk_tb

from mmengine.config import DictAction

ON_PURPOSE = (ValueError, OSError, FloatingPointError, SyntaxError)
"""What our own code raises to tell users of a mistake."""
CONFIG_READERS = ('semsynth.registry', 'semsynth.arguments', 'mmengine.registry', 'mmengine.config', 'mmengine.utils')
"""Modules that raise these, and KeyError and TypeError, over what stands in a config."""


@contextmanager
def plain_errors() -> Iterator[None]:
    """Exit with status 1 and ``error: SENTENCE`` where the user can mend what went wrong; with 130 after Ctrl-C.

    Any other error, such as one from within a component, keeps its traceback. Decorates a tool's ``main``.
    """
    try:
        yield
    except KeyboardInterrupt:
        print('Interrupted.', file=sys.stderr)
        sys.exit(130)
    except (*ON_PURPOSE, KeyError, TypeError) as error:
        if not _is_for_users(error):
            raise
        # A data worker's error comes with the traceback in its message, and the sentence last.
        message = str(error.args[0] if isinstance(error, KeyError) else error)
        message = message.rsplit(f'{type(error).__name__}: ', 1)[-1].strip()
        print(f'error: {" ".join([message, *getattr(error, "__notes__", ())])}', file=sys.stderr)
        sys.exit(1)


def _is_for_users(error: Exception) -> bool:
    *_, (frame, _) = walk_tb(error.__traceback__)
    place = frame.f_globals.get('__name__', '')
    ours = any(name.split('.')[0] == 'semsynth' for name in (place, type(error).__module__))
    return place.startswith(CONFIG_READERS) or (ours and isinstance(error, ON_PURPOSE))


class _KeysAndValues(DictAction):
    """mmengine's, which does not say what is wrong with an option without an equals sign."""

    def __call__(self, parser, namespace, values, option_string=None):
        if wrong := [value for value in values if '=' not in value]:
            raise ArgumentError(self, f'expected KEY=VALUE, found {" ".join(wrong)}')
        super().__call__(parser, namespace, values, option_string)


def add_config_options(parser: ArgumentParser, example: str = 'data_root=PATH') -> None:
    """Add ``--cfg-options KEY=VALUE ...``."""
    parser.add_argument('--cfg-options', nargs='+', action=_KeysAndValues, metavar='KEY=VALUE',
                        help=f'entries of the config to override, such as {example}')

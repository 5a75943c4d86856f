"""The parser of command lines: what is wrong with one is told in a sentence, with the nearest name that there is."""

from __future__ import annotations

import sys
from argparse import Action, ArgumentError, ArgumentParser, _SubParsersAction
from collections.abc import Collection, Iterable
from typing import Any, NoReturn

from semsynth.errors import did_you_mean

NUMBERS = {int: 'a whole number', float: 'a number'}


class PlainParser(ArgumentParser):
    """argparse's parser, but its errors are one line, ``error: SENTENCE``, as all others of the command are.

    The beginning of an option is none: it may be a misspelt one.
    """

    def __init__(self, *args: Any, **settings: Any):
        super().__init__(*args, **settings | dict(allow_abbrev=False))

    def error(self, message: str) -> NoReturn:
        """Say what is wrong and where help is; exit with status 2."""
        end = '' if message.endswith(('.', '?')) else '.'
        print(f'error: {message}{end} `{self.prog} --help` lists what there is.', file=sys.stderr)
        sys.exit(2)

    def parse_known_args(self, args: Iterable[str] | None = None, namespace: Any = None) -> Any:
        """Parse; a misspelt option comes first: argparse would say what is missing without it."""
        words = list(sys.argv[1:] if args is None else args)
        for word in words[:words.index('--') if '--' in words else None]:
            if self._has_commands and not word.startswith('-'):
                break  # the options that follow are the command's
            name = word.partition('=')[0]
            if name.startswith('--') and name != '--' and name not in self._option_string_actions:
                self.refuse(name, 'option', self._option_string_actions)
        parsed, strangers = super().parse_known_args(words, namespace)
        if 'parser' not in parsed:  # a command has put itself there before
            parsed.parser = self
        return parsed, strangers

    def refuse(self, name: str, what: str, known: Collection[str]) -> NoReturn:
        """Say that there is no such option or value, and which are like it."""
        self.error(f'{self.prog} has no {what} {name}: ' + did_you_mean(name, known, f'it has {", ".join(known)}.'))

    @property
    def _has_commands(self) -> bool:
        return any(isinstance(action, _SubParsersAction) for action in self._actions)

    def _get_value(self, action: Action, arg_string: str) -> Any:
        try:
            return super()._get_value(action, arg_string)
        except ArgumentError:
            if action.type not in NUMBERS:
                raise
            raise ArgumentError(action, f'expected {NUMBERS[action.type]}, found {arg_string}') from None

    def _check_value(self, action: Action, value: Any) -> None:
        if action.choices is not None and value not in action.choices:
            self.refuse(str(value), action.option_strings[-1] if action.option_strings else 'command',
                        list(map(str, action.choices)))

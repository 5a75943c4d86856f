"""The command of a study as it is typed, for the tables that say what made them."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path


def command_line(subcommand: str, place: str | Path, **options: object) -> str:
    """A ``semsynth`` command; what is None, False or empty among the options is left out.

    Examples:
        >>> from semsynth.studies.command import command_line
        >>> command_line('ablate', 'mine', seeds=(0, 1), out=None, allow_unequal=True, cfg_options={'batch_size': 2})
        'semsynth ablate mine --seeds 0 1 --allow-unequal --cfg-options batch_size=2'
    """
    words = ['semsynth', subcommand, str(place)]
    for name, value in options.items():
        if value is None or value is False or (isinstance(value, Sequence | Mapping) and not value):
            continue
        words.append(f'--{name.replace("_", "-")}')
        if isinstance(value, Mapping):
            words += [f'{key}={each}' for key, each in value.items()]
        elif isinstance(value, Sequence) and not isinstance(value, str):
            words += map(str, value)
        elif value is not True:
            words.append(str(value))
    return shlex.join(words)

"""What messages to users have in common."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from pathlib import Path


class DataError(ValueError):
    """Something is wrong with the data, not with the code: one sentence says what, where, and what to do."""


def check_folder(folder: str | Path, held: str) -> None:
    """Raise a DataError where there is no such folder.

    Args:
        folder: to be read.
        held: what it should hold, such as ``'the images'``.
    """
    if not Path(folder).is_dir():
        raise DataError(f'There is no folder {folder}: name the one that holds {held}.')


def check_option(owner: str, name: str, value: object, options: Iterable[str]) -> None:
    """Raise a ValueError where an argument has none of its values.

    Args:
        owner: whose argument it is, such as the name of a class.
        name: of the argument.
        value: that it was given.
        options: what it may be.
    """
    known = list(options)
    if value not in known:
        raise ValueError(f'{owner}: {name}={value!r} is unknown; use one of {", ".join(known)}.')


def either(choices: Iterable[str]) -> str:
    """``a, b or c``."""
    *others, last = choices
    return f'{", ".join(others)} or {last}' if others else last


def did_you_mean(name: str, known: Iterable[str], otherwise: str = '', prefix: str = '') -> str:
    """``did you mean a or b?``, the names that are most like one that is not known.

    Args:
        name: that is not known.
        known: that there are.
        otherwise: what is said where none of them is like it.
        prefix: that is shown before each of them.
    """
    near = difflib.get_close_matches(name, list(known), n=3, cutoff=0.5)
    return f'did you mean {either(prefix + each for each in near)}?' if near else otherwise


def counted(number: int, what: str) -> str:
    """``1 photo``, ``2 photos``."""
    return f'{number} {what}{"s" * (number != 1)}'


def few_images(score: str, images: int, features: int) -> str:
    """That a Fréchet distance is of fewer images than features."""
    return (f'{images} images are few for a distance on {features} features ({score}): it is higher than that of more '
            'images would be, so compare it only with distances of as many images.')


def first_few(names: Sequence, limit: int = 3) -> str:
    """``a, b, c and 9 more``."""
    listed = ', '.join(str(name) for name in names[:limit])
    return listed if len(names) <= limit else f'{listed} and {len(names) - limit} more'

"""What messages to users have in common."""

from __future__ import annotations

from collections.abc import Sequence


class DataError(ValueError):
    """Something is wrong with the data, not with the code: one sentence says what, where, and what to do."""


def counted(number: int, what: str) -> str:
    """``1 photo``, ``2 photos``."""
    return f'{number} {what}{"s" * (number != 1)}'


def first_few(names: Sequence, limit: int = 3) -> str:
    """``a, b, c and 9 more``."""
    listed = ', '.join(str(name) for name in names[:limit])
    return listed if len(names) <= limit else f'{listed} and {len(names) - limit} more'

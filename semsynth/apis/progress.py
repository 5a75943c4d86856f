"""Progress of work on one scene after another."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeVar

from rich.progress import track

Item = TypeVar('Item')


def tracked(work: Sequence[Item], what: str) -> Iterator[Item]:
    """The items of some work, with a progress bar from when the first is done: an error in that one stands alone.

    Args:
        work: the items.
        what: is done with them, such as ``'Synthesising'``.
    """
    yield from work[:1]
    items = iter(track(work, what))  # the bar is shown once it is asked for an item
    next(items, None)
    yield from items

"""Progress of work on one scene after another."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

from rich.console import Console
from rich.progress import track

Item = TypeVar('Item')
TOLD_SECONDS = 30
"""Seconds between two lines of progress where there is no terminal."""


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


def told(work: Iterable[Item], what: str, total: int) -> Iterator[Item]:
    """The items of some work, with a progress bar; where the output is no terminal, with a line now and then.

    Args:
        work: the items.
        what: is done with them, such as ``'Synthesising'``.
        total: how many there are; nothing is said where there is none.
    """
    if Console().is_terminal and total:
        yield from track(work, what, total)
        return
    begun = last = time.monotonic()
    for done, item in enumerate(work):
        now = time.monotonic()
        if done and now - last >= TOLD_SECONDS:
            last = now
            left = (now - begun) / done * (total - done)
            print(f'{what}: {done} of {total}, about {max(1, round(left / 60))} min left', flush=True)
        yield item
    if total:
        print(f'{what}: {total} of {total}', flush=True)

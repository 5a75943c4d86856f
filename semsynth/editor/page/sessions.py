"""Sessions: the editors of all tabs, no more than there is memory for, and none that was left long ago."""

from __future__ import annotations

import secrets
import time
from collections import OrderedDict
from collections.abc import Callable

from semsynth.editor.page.session import Session

LIMIT = 16
"""Number of tabs: one more takes the place of the one that was used last the longest ago."""
IDLE = 12 * 3600
"""Seconds after which an unused one is dropped."""


class SessionGoneError(KeyError):
    """There is no such session, or no longer."""


class Sessions:
    """Sessions by their tokens, which cannot be guessed: who has one can use it.

    Args:
        make: makes a session.
        clock: seconds.
    """

    def __init__(self, make: Callable[[], Session], clock: Callable[[], float] = time.monotonic):
        self._make, self._clock = make, clock
        self._found: OrderedDict[str, tuple[Session, float]] = OrderedDict()  # the one used last comes last

    def __len__(self) -> int:
        return len(self._found)

    def add(self) -> tuple[str, Session]:
        """A new session and its token."""
        self._drop_old()
        while len(self._found) >= LIMIT:
            self._found.popitem(last=False)
        token = secrets.token_urlsafe(16)
        self._found[token] = self._make(), self._clock()
        return token, self._found[token][0]

    def __getitem__(self, token: str) -> Session:
        self._drop_old()
        if token not in self._found:
            raise SessionGoneError(token)
        session, _ = self._found.pop(token)
        self._found[token] = session, self._clock()
        return session

    def drop(self, token: str) -> None:
        """End a session, if there is such."""
        self._found.pop(token, None)

    def _drop_old(self) -> None:
        now = self._clock()
        while self._found and now - next(iter(self._found.values()))[1] > IDLE:
            self._found.popitem(last=False)

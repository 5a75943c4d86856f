"""Sessions of the editor's page: as many as there is room for, and no older ones."""

import pytest

from semsynth.editor.page.sessions import IDLE, LIMIT, SessionGoneError, Sessions


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


def test_tokens_are_all_different_and_find_their_own():
    sessions = Sessions(object)
    made = dict(sessions.add() for _ in range(LIMIT))
    assert len(made) == LIMIT and all(len(token) > 20 for token in made)
    assert all(sessions[token] is session for token, session in made.items())
    with pytest.raises(SessionGoneError):
        sessions['guessed']


def test_one_too_many_takes_the_place_of_the_one_used_the_longest_ago():
    sessions = Sessions(object)
    tokens = [sessions.add()[0] for _ in range(LIMIT)]
    assert sessions[tokens[0]]
    last = sessions.add()[0]
    assert len(sessions) == LIMIT and sessions[tokens[0]] and sessions[last]
    with pytest.raises(SessionGoneError):
        sessions[tokens[1]]


def test_unused_ones_are_dropped():
    clock = Clock()
    sessions = Sessions(object, clock)
    old, used = (sessions.add()[0] for _ in range(2))
    clock.now = IDLE - 1
    assert sessions[used]
    clock.now = IDLE + 1
    assert sessions[used] and len(sessions) == 1
    with pytest.raises(SessionGoneError):
        sessions[old]
    sessions.drop(used)
    sessions.drop(used)
    assert not len(sessions)

"""Votes of a preference study: they are checked, and preference rates computed from them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.stats import binomtest

from semsynth.errors import DataError, first_few
from semsynth.studies.preference.plan import UNREADABLE, Study

FEWEST_PARTICIPANTS = 10
"""For an interval over participants: the bootstrap of fewer is far too narrow, and of no width where they agree."""
DRAWS = 10_000


@dataclass(frozen=True)
class Preference:
    """How often one method was preferred over another.

    Args:
        method: what was preferred.
        over: the other one.
        seconds: how long the images were shown; None for no limit.
        votes: all votes between the two.
        preferred: those for ``method``.
        interval: 95 % interval of the rate, if all votes were independent (Wilson's).
        over_participants: 95 % interval from drawing the participants anew (bootstrap); None where they are fewer
            than ten.
    """

    method: str
    over: str
    seconds: float | None
    votes: int
    preferred: int
    interval: tuple[float, float]
    over_participants: tuple[float, float] | None

    @property
    def rate(self) -> float:
        """Share of the votes, ``0..1``."""
        return self.preferred / self.votes


def read_votes(study: Study, files: Sequence[str | Path]) -> dict[str, int]:
    """The votes in participants' files, checked: 1 or 2, the chosen image, by trial.

    Raises:
        DataError: a file is no file of votes, is of another study, holds a trial that is not the participant's or a
            choice that is neither 1 nor 2, or two files are of one participant.
    """
    votes: dict[str, int] = {}
    source: dict[int, str | Path] = {}
    participants = study.participants
    for file in files:
        try:
            content = json.loads(Path(file).read_text(encoding='utf-8'))
            origin, participant, own = content['study'], int(content['participant']), dict(content['votes'])
        except FileNotFoundError:
            raise DataError(f'There is no file {file}.') from None
        except UNREADABLE:
            raise DataError(f'{file} is no file of votes: expected the JSON file that a participant saved from the '
                            'page.') from None
        if origin != study.id:
            raise DataError(f'{file} holds votes for the study {origin}, but this is the study {study.id}: name the '
                            'folder of its own study, or leave the file out.')
        planned = participants.get(participant, {})
        if strangers := [name for name in own if name not in planned]:
            raise DataError(f'{file} holds {len(strangers)} votes on trials that participant {participant} does not '
                            f'have ({first_few(strangers)}): the file was changed; ask for it again.')
        if wrong := [f'{name}: {choice!r}' for name, choice in own.items()
                    if type(choice) is not int or choice not in (1, 2)]:
            raise DataError(f'{file} holds {len(wrong)} choices that are neither 1 nor 2 ({first_few(wrong)}): the '
                            'file was changed; ask for it again.')
        if participant in source:
            raise DataError(f'{file} and {source[participant]} are both of participant {participant}, whose votes '
                            'count once: keep one of them.')
        source[participant] = file
        votes |= own
    if not votes:
        raise DataError(f'There are no votes in {first_few(files) or "no file"}.')
    return votes


def preferences(study: Study, votes: Mapping[str, int]) -> list[Preference]:
    """Preference rates of each pair of methods, for each time that images were shown; pairs without votes lack."""
    tally: dict[tuple, dict[int, list[bool]]] = {}
    for name, choice in votes.items():
        trial = study.trials[name]
        pair = trial.methods if trial.methods in study.pairs else trial.methods[::-1]
        wins = tally.setdefault((pair, trial.seconds), {}).setdefault(trial.participant, [])
        wins.append(trial.methods[choice - 1] == pair[0])
    found = []
    for (pair, seconds), wins in sorted(tally.items(), key=lambda entry: (
            study.pairs.index(entry[0][0]), entry[0][1] is None, entry[0][1])):
        counts, won = (np.array([measure(own) for own in wins.values()]) for measure in (len, sum))
        preferred, total = int(won.sum()), int(counts.sum())
        wilson = binomtest(preferred, total).proportion_ci(method='wilson')
        found.append(Preference(pair[0], pair[1], seconds, total, preferred, (float(wilson.low), float(wilson.high)),
                                _bootstrap(won, counts)))
    return found


def _bootstrap(won: np.ndarray, counts: np.ndarray) -> tuple[float, float] | None:
    """Percentiles of the rate over participants drawn with replacement."""
    people = len(counts)
    if people < FEWEST_PARTICIPANTS:
        return None
    times_drawn = np.random.default_rng(0).multinomial(people, np.full(people, 1 / people), DRAWS)
    low, high = np.quantile(times_drawn @ won / (times_drawn @ counts), (0.025, 0.975))
    return float(low), float(high)

"""The plan of a preference study: each participant's trials, and the key, a file for the organiser alone."""

from __future__ import annotations

import json
import math
import random
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path

from semsynth.arguments import check_arguments
from semsynth.errors import DataError
from semsynth.writing import write_json

KEY = 'key.json'
UNREADABLE = (OSError, ValueError, KeyError, TypeError, OverflowError, RecursionError)
"""What reading somebody's JSON may raise, where it holds something else than expected."""


@check_arguments
@dataclass(frozen=True)
class Trial:
    """A trial: one choice between two images.

    Args:
        participant: who makes it, counted from 1.
        scene: what both images show.
        methods: of image 1 and of image 2.
        seconds: how long the images are shown; None for no limit.
    """

    participant: int
    scene: str
    methods: tuple[str, str]
    seconds: float | None


@check_arguments
@dataclass(frozen=True)
class Study:
    """The key of a study: which method each image of a trial is from.

    Args:
        id: differs between studies that differ in an image or a trial.
        pairs: the methods that are compared.
        trials: by id; those of a participant in the order in which they are shown.
    """

    id: str
    pairs: tuple[tuple[str, str], ...]
    trials: dict[str, Trial]

    @property
    def participants(self) -> dict[int, dict[str, Trial]]:
        """The trials of each participant."""
        own: dict[int, dict[str, Trial]] = {}
        for name, trial in self.trials.items():
            own.setdefault(trial.participant, {})[name] = trial
        return own

    def save(self, folder: Path) -> None:
        """Write the key into the study's folder."""
        write_json(folder / KEY, asdict(self), indent=1)

    @classmethod
    def load(cls, folder: str | Path) -> Study:
        """Read the key in a study's folder.

        Raises:
            DataError: there is none, or it is damaged.
        """
        path = Path(folder, KEY)
        if not path.is_file():
            raise DataError(f'There is no {path}: name the folder that `semsynth user_study make` wrote.')
        try:
            key = json.loads(path.read_text(encoding='utf-8'))
            study = cls(key['id'], tuple(map(tuple, key['pairs'])), {
                name: Trial(**{**trial, 'methods': tuple(trial['methods'])}) for name, trial in key['trials'].items()})
            for trial in study.trials.values():
                if not {trial.methods, trial.methods[::-1]} & set(study.pairs):
                    raise ValueError(f'{" and ".join(trial.methods)} are no pair of the study')
        except (*UNREADABLE, AttributeError) as error:
            raise DataError(f'{path} is damaged, or no key of a study ({type(error).__name__}: {error}): take it from '
                            'a copy of the folder.') from None
        return study


def plan_trials(scenes: Sequence[str], pairs: Sequence[tuple[str, str]], *, judgments: int, per_participant: int,
                times: Sequence[float | None], draw: random.Random) -> list[Trial]:
    """Trials in random order, nobody's twice the same, with everything equally often.

    Of each pair's trials, and of those that compare one scene, each method is image 1 in half, one more or less; each
    pair is shown for each of the times equally often, one more or less.

    Args:
        scenes: names.
        pairs: the methods that are compared.
        judgments: of each scene for each pair, each by another participant.
        per_participant: the most trials that a participant gets.
        times: seconds that images are shown, None for no limit.
        draw: where the random numbers come from.
    """
    comparisons = [(scene, pair) for pair in pairs for scene in scenes]
    draw.shuffle(comparisons)
    sides: dict[tuple[str, tuple[str, str]], int] = {}
    seconds: dict[tuple[str, str], list[float | None]] = {}
    for pair in pairs:
        first = draw.randrange(2)
        of_pair = [comparison for comparison in comparisons if comparison[1] == pair]
        sides |= {comparison: (first + place) % 2 for place, comparison in enumerate(of_pair)}
        count = judgments * len(scenes)
        seconds[pair] = (list(times) * math.ceil(count / len(times)))[:count]
        draw.shuffle(seconds[pair])
    # Everybody goes on round the circle of comparisons where the one before stopped. With as many participants as
    # judgments, nobody gets all the way round and meets a comparison again.
    total = judgments * len(comparisons)
    participants = max(judgments, math.ceil(total / per_participant))
    shares = pairwise(total * part // participants for part in range(participants + 1))
    trials = []
    for number, (start, end) in enumerate(shares, start=1):
        own = []
        for place in range(start, end):
            rounds, index = divmod(place, len(comparisons))
            scene, pair = comparisons[index]
            turned = (sides[scene, pair] + rounds) % 2
            own.append(Trial(number, scene, pair[::-1] if turned else pair, seconds[pair].pop()))
        draw.shuffle(own)
        trials += own
    return trials

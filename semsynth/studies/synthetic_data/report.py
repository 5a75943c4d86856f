"""What a study has found: means and spread of the arms, gains and losses by class, as JSON, table and chart."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from semsynth.studies.charts import as_png
from semsynth.studies.synthetic_data.plan import ARMS, BOTH, LONGER, REAL, SYNTHETIC
from semsynth.studies.tables import NONE, cells, mean_and_std, spread

COMPARED = {BOTH: LONGER, SYNTHETIC: REAL}
"""Each arm with synthetic images, and the one on real photos with as many steps."""
COLOURS = dict(gain='tab:green', loss='tab:red', none='tab:gray')


@dataclass
class Findings:
    """All results of a study, as far as they are there.

    Args:
        title: of the study.
        command: that made it.
        seeds: with which each arm is trained.
        steps: of each arm.
        results: of the trainings that are done, by arm and seed: ``mIoU``, ``aAcc``, ``classes`` and ``IoU``.
        facts: what else there is to say of the study: photos, images and the like.
        notes: sentences below the table.
    """

    title: str
    command: str
    seeds: Sequence[int]
    steps: Mapping[str, int]
    results: Mapping[str, Mapping[int, Mapping[str, Any]]]
    facts: Mapping[str, Any]
    notes: Sequence[str] = field(default_factory=tuple)

    @property
    def classes(self) -> list[str]:
        """Names of the classes."""
        return next((list(result['classes']) for arm in self.results.values() for result in arm.values()), [])

    def values(self, arm: str, score: str | int) -> dict[int, float]:
        """A score of an arm by seed; a number is that of a class, whose IoU counts."""
        found = {seed: result['IoU'][score] if isinstance(score, int) else result[score]
                 for seed, result in self.results[arm].items()}
        return {seed: value for seed, value in found.items() if value is not None}

    def gains(self, arm: str, score: str | int) -> list[float]:
        """By how much an arm is better than the one on real photos with as many steps, of each seed that both have."""
        own, other = self.values(arm, score), self.values(COMPARED[arm], score)
        return [own[seed] - other[seed] for seed in self.seeds if seed in own and seed in other]

    def ranked(self, arm: str = BOTH) -> list[tuple[str, int, list[float]]]:
        """Name, number and gains of each class that has some, the largest gain first."""
        found = [(name, number, self.gains(arm, number)) for number, name in enumerate(self.classes)]
        return sorted((each for each in found if each[2]), key=lambda each: -statistics.fmean(each[2]))


def verdict(values: Sequence[float]) -> str:
    """``'gain'`` or ``'loss'`` where the mean over at least two seeds is further from 0 than the standard deviation
    among them; else ``'none'``."""
    if len(values) < 2 or abs(statistics.fmean(values)) <= statistics.stdev(values):
        return 'none'
    return 'gain' if statistics.fmean(values) > 0 else 'loss'


def report(findings: Findings) -> dict[str, Any]:
    """Everything as plain data."""
    def all_of(values: Sequence[float]) -> dict[str, Any]:
        mean, std = mean_and_std(values)
        return dict(mean=mean, std=std, values=list(values))

    numbers = list(enumerate(findings.classes))
    arms = {arm: dict(
        trained_on=title, steps=findings.steps[arm], seeds=sorted(findings.results[arm]),
        mIoU=all_of([*findings.values(arm, 'mIoU').values()]), aAcc=all_of([*findings.values(arm, 'aAcc').values()]),
        IoU={name: all_of([*findings.values(arm, number).values()]) for number, name in numbers})
        for arm, title in ARMS.items()}
    gains = {f'{arm} over {other}': dict(
        mIoU=all_of(findings.gains(arm, 'mIoU')),
        IoU={name: all_of(findings.gains(arm, number)) | dict(verdict=verdict(findings.gains(arm, number)))
             for number, name in numbers}) for arm, other in COMPARED.items()}
    return dict(title=findings.title, command=findings.command, **findings.facts, arms=arms, gains=gains,
                notes=list(findings.notes))


def markdown(findings: Findings) -> str:
    """The tables as text; what is not done yet is a dash."""
    facts = findings.facts
    lines = [f'# {findings.title}\n',
             cells(['trained on', 'photos', 'synthetic images', 'steps', 'seeds', 'mIoU', 'pixel accuracy',
                    'mIoU gained over real photos for as long']), cells(['---'] * 8)]
    for arm, title in ARMS.items():
        lines.append(cells([
            title, '0' if arm == SYNTHETIC else str(facts['photos']),
            '0' if arm in (REAL, LONGER) else str(facts.get('images') or NONE), str(findings.steps[arm]),
            f'{len(findings.results[arm])} of {len(findings.seeds)}',
            _spread([*findings.values(arm, 'mIoU').values()]), _spread([*findings.values(arm, 'aAcc').values()]),
            _gain(findings.gains(arm, 'mIoU')) if arm in COMPARED else NONE]))
    lines += ['', '## By class\n', cells(['IoU', *ARMS.values(), 'gain of both', 'gain of synthetic alone']),
              cells(['---'] * 7)]
    ranked = findings.ranked()
    gaining = {number: name for name, number, _ in ranked}
    for number, name in (gaining | dict(enumerate(findings.classes))).items():  # those without a gain come last
        own = [_spread([*findings.values(arm, number).values()]) for arm in ARMS]
        gains = [_gain(findings.gains(arm, number)) for arm in (BOTH, SYNTHETIC)]
        lines.append(cells([name.replace('|', '/'), *own, *gains]))
    return '\n'.join([*lines, '', *(f'- {note}' for note in [*_sentences(findings), *findings.notes]), '',
                      '![Scores, and gains by class](chart.png)', ''])


def chart(findings: Findings) -> bytes:
    """A PNG: mIoU of each arm with every seed, and gains and losses of the classes, with standard deviations."""
    ranked = findings.ranked()
    figure = Figure(figsize=(11, max(4, 0.9 + 0.28 * len(ranked))), layout='constrained')
    left, right = figure.subplots(1, 2, width_ratios=(1, 1.4))
    for place, arm in enumerate(ARMS):
        values = [*findings.values(arm, 'mIoU').values()]
        if values:
            left.errorbar([place], [statistics.fmean(values)], [_std(values)], marker='o', capsize=4, color='tab:blue')
            left.plot([place + 0.15] * len(values), values, '.', color='tab:blue', alpha=0.5)
    left.set(title='mIoU on real photos', xticks=range(len(ARMS)), xlim=(-0.5, len(ARMS) - 0.5), ylabel='%')
    names = [f'{title}\n{findings.steps[arm]} steps' for arm, title in ARMS.items()]
    left.set_xticklabels(names, rotation=30, ha='right', rotation_mode='anchor')
    places = np.arange(len(ranked))[::-1]
    right.barh(places, [statistics.fmean(gains) for *_, gains in ranked], xerr=[_std(gains) for *_, gains in ranked],
               color=[COLOURS[verdict(gains)] for *_, gains in ranked], capsize=3)
    right.axvline(0, color='black', linewidth=0.8)
    right.set(title=f'IoU gained by {ARMS[BOTH]} over {ARMS[LONGER]}', yticks=places, xlabel='points')
    right.set_yticklabels([name for name, *_ in ranked])
    return as_png(figure)


def _sentences(findings: Findings) -> Iterator[str]:
    yield f'Made by `{findings.command}`.'
    yield ('Scored on the real validation photos, whose label maps keep their own size; mean ± standard deviation over '
           f'the seeds {", ".join(map(str, findings.seeds))}.')
    yield (f'"{ARMS[BOTH]}" shows as many real as synthetic images in its {findings.steps[BOTH]} steps, and is '
           f'compared with as many steps on real photos alone; "{ARMS[SYNTHETIC]}" is compared with "{ARMS[REAL]}". '
           'Gains are differences between runs of one seed.')
    for what, word in (('gain', 'gain'), ('loss', 'lose')):
        found = [name for name, _, gains in findings.ranked() if verdict(gains) == what]
        if len(findings.seeds) > 1 and findings.ranked():
            yield (f'Classes that {word} by synthetic images beside real ones, by more than the standard deviation: '
                   f'{", ".join(found) or "none"}.')
    if len(findings.seeds) == 1:
        yield 'One seed tells nothing of the spread: a difference of a point or two may be chance.'


def _std(values: Sequence[float]) -> float:
    return mean_and_std(values)[1] or 0.0


def _spread(values: Sequence[float]) -> str:
    return spread(values, '.1f', '.1f')


def _gain(values: Sequence[float]) -> str:
    text = spread(values, '+.1f', '.1f')
    return f'**{text}**' if verdict(values) != 'none' else text

"""The table of an ablation: Markdown and CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from textwrap import shorten
from typing import Any

from semsynth.scores import is_oracle, oracle_of
from semsynth.studies.ablation.rows import Row
from semsynth.studies.tables import NONE, cells, mean_and_std, shown, spread

NOT_RUN = 'not run'


@dataclass
class Line:
    """A row of the table.

    Args:
        row: the config.
        results: of its runs that are done, by seed.
    """

    row: Row
    results: Mapping[int, Mapping[str, Any]]

    def values(self, score: str) -> list[float]:
        """A score with each seed."""
        return [result['scores'][score] for result in self.results.values() if score in result['scores']]

    @property
    def parameters(self) -> Mapping[str, int]:
        """Numbers of parameters: the config's, or what a result says where no model was built."""
        return self.row.parameters or next((result.get('parameters', {}) for result in self.results.values()), {})

    @property
    def seconds(self) -> list[float]:
        """Time of a step with each seed."""
        return [result['seconds_per_step'] for result in self.results.values() if result['seconds_per_step']]


@dataclass
class Ablation:
    """All rows, as far as they are done.

    Args:
        name: the folder's.
        lines: in the table's order.
        seeds: that every row is to be trained with.
        command: that made it.
        missing: the command that trains what is not done, by the seeds that its rows lack.
        outdated: runs, by title, whose results are of other settings than their configs have now.
    """

    name: str
    lines: Sequence[Line]
    seeds: Sequence[int]
    command: str
    missing: Mapping[tuple[int, ...], str] = field(default_factory=dict)
    outdated: Sequence[str] = ()

    @property
    def results(self) -> list[Mapping[str, Any]]:
        """The results of all runs that are done."""
        return [result for line in self.lines for result in line.results.values()]

    @property
    def scores(self) -> list[str]:
        """Names of the scores, without the oracle's."""
        names = dict.fromkeys(name for result in self.results for name in result['scores'])
        return [name for name in names if not is_oracle(name)]

    @property
    def columns(self) -> list[tuple[str, bool]]:
        """Score by score, and whether it is the paper's: each of ours with the paper's beside it, then what only the
        paper has."""
        of_paper = list(dict.fromkeys(name for line in self.lines for name in line.row.paper))
        return [(name, is_paper) for name in dict.fromkeys([*self.scores, *of_paper])
                for is_paper, names in ((False, self.scores), (True, of_paper)) if name in names]

    @property
    def unequal_heading(self) -> list[str]:
        """The heading of the column with unequal conditions; none where all rows have equal ones."""
        return ['unequal conditions'] if any(line.row.unequal for line in self.lines) else []

    def title(self, score: str) -> str:
        """The plain name of a score, with an arrow to its better end, as far as the results tell."""
        return next((result['titles'][score] for result in self.results if score in result.get('titles', {})), score)

    def oracle(self, score: str) -> float | None:
        """The score of the real images."""
        key = oracle_of(score)
        return next((result['scores'][key] for result in self.results if key in result['scores']), None)


def markdown(ablation: Ablation, pictures: bool = False) -> str:
    """The table as text; what is not done yet is a dash, and listed below.

    Args:
        ablation: what is done.
        pictures: whether chart and strip lie beside it.
    """
    names = [f'{score} (paper)' if is_paper else ablation.title(score)
             for score, is_paper in ablation.columns]
    with_conditions = any(line.row.conditions for line in ablation.lines)
    ours = ['our size, batch, length'] if with_conditions else []
    headings = ['row', 'seeds', *names, 'generator', 'trainable', 'time per step', *ours, *ablation.unequal_heading]
    lines = [f'# {ablation.name}\n', cells(headings), cells(['---'] * len(headings))]
    for line in ablation.lines:
        scores = [shown(line.row.paper.get(score)) if is_paper else spread(line.values(score))
                  for score, is_paper in ablation.columns]
        parameters = [_millions(line.parameters.get(kind)) for kind in ('generator', 'trainable')]
        lines.append(cells([line.row.title, _seeds(line, len(ablation.seeds)), *scores, *parameters,
                             f'{spread(line.seconds)} s' if line.seconds else NONE,
                             *([NONE if line.row.left_out else line.row.own_conditions] if with_conditions else []),
                             *([_unequal(line.row) or NONE] if ablation.unequal_heading else [])]))
    oracle = [NONE if is_paper else shown(ablation.oracle(score)) for score, is_paper in ablation.columns]
    lines.append(cells(['real images (oracle)', NONE, *oracle, *[NONE] * (len(headings) - len(oracle) - 2)]))
    beside = ['![Scores](chart.png)\n', '![The same scenes by every row](strip.png)', ''] if pictures else []
    return '\n'.join([*lines, '', *(f'- {fact}' for fact in _notes(ablation)), '', *beside])


def table(ablation: Ablation) -> str:
    """The same as CSV: means, standard deviations and numbers of seeds in columns of their own."""
    ours = [column for score in ablation.scores for column in (score, f'{score} std')]
    of_paper = [score for score, is_paper in ablation.columns if is_paper]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator='\n')
    writer.writerow(['config', 'row', 'seeds', *ours, *(f'{score} (paper)' for score in of_paper),
                     'generator parameters', 'trainable parameters', 'seconds per step', *ablation.unequal_heading])
    for line in ablation.lines:
        spreads = [number for score in ablation.scores for number in mean_and_std(line.values(score))]
        writer.writerow([line.row.name, line.row.title, len(line.results), *spreads,
                         *(line.row.paper.get(score) for score in of_paper), line.parameters.get('generator'),
                         line.parameters.get('trainable'), mean_and_std(line.seconds)[0],
                         *([_unequal(line.row)] if ablation.unequal_heading else [])])
    writer.writerow(['', 'real images (oracle)', '', *(number for score in ablation.scores
                                                      for number in (ablation.oracle(score), None))])
    return text.getvalue()


def _notes(ablation: Ablation) -> Iterator[str]:
    yield f'Made by `{ablation.command}`.'
    yield (f'Seeds: {", ".join(map(str, ablation.seeds))}; mean ± standard deviation over those that are done, where '
           'there are at least two.')
    yield from (f'{line.row.title}: {NOT_RUN}; {line.row.left_out}.' for line in ablation.lines if line.row.left_out)
    for seeds, rows in rows_that_lack(ablation.lines, ablation.seeds).items():
        command = f': `{ablation.missing[seeds]}`' if seeds in ablation.missing else '.'
        yield (f'Not run, or not done yet, with seed {", ".join(map(str, seeds))}: '
               f'{", ".join(f"{row.title} (`{row.name}`)" for row in rows)}{command}'
               + (', or some of them with `--rows` and their names in brackets.' if len(rows) > 1 and command != '.'
                  else ''))
    if ablation.outdated:
        yield f'Of other settings than their configs have now: {"; ".join(ablation.outdated)}.'
    for conditions in dict.fromkeys(line.row.conditions for line in ablation.lines if line.row.conditions):
        titles = ', '.join(line.row.title for line in ablation.lines if line.row.conditions == conditions)
        yield f"The paper's figures of {titles}: {conditions}."
    if not ablation.results:
        yield 'No run is done yet, so there are no scores of ours.'
    if judges := dict.fromkeys(line.row.judged_by for line in ablation.lines if line.row.config):
        yield f'Ours: judged by {"; ".join(judges)}.'
    yield from dict.fromkeys(f'Judge {result["judge"]}' for result in ablation.results)
    weights = dict.fromkeys(f'{each["protocol"] or each["type"]} ({each["weights"]})'
                            for result in ablation.results for each in result.get('judges', []))
    if weights:
        yield f"Judges, and the hashes of their weights: {', '.join(weights)}."
    if ablation.unequal_heading:
        yield ('Rows differ in their conditions, each from the first as its last column says (with the first row\'s in '
               'brackets): the parts of the method are not all that makes their scores differ. The oracle is of the '
               'first row that is done.')
    if ablation.results:
        yield from _notes_of_runs(ablation)
    if any(line.row.paper for line in ablation.lines):
        yield ("The paper's figures are of its own data, size, judge and length of training: compare the order of the "
               'rows.')


def rows_that_lack(lines: Sequence[Line], seeds: Sequence[int]) -> dict[tuple[int, ...], list[Row]]:
    """The rows with a config that are not done with some seeds, by these seeds."""
    found: dict[tuple[int, ...], list[Row]] = {}
    for line in lines:
        lacking = tuple(seed for seed in seeds if seed not in line.results)
        if lacking and not line.row.left_out:
            found.setdefault(lacking, []).append(line.row)
    return found


def _notes_of_runs(ablation: Ablation) -> Iterator[str]:
    """On what, how long and how fast the runs that are done were trained."""
    steps = sorted({result['steps'] for result in ablation.results})
    yield f'Steps: {", ".join(map(str, steps)) or NONE}; device: {_all(ablation, "device")}.'
    if (machines := _all(ablation, 'machine')) != NONE:
        yield f'Machine: {machines}; precision of training: {_all(ablation, "precision")}.'
    yield ('Time per step: median of the log, data loading included; a measurement of speed only on an otherwise idle '
           f'machine with one run at a time (here at once: {_all(ablation, "jobs")}).')
    if (ranks := {result.get('ranks', 1) for result in ablation.results}) - {1}:
        yield f'Each run was trained by {", ".join(map(str, sorted(ranks)))} ranks, which shared the batch.'


def _unequal(row: Row) -> str:
    """A row's unequal conditions, such as ``train_cfg.max_iters=2 (1)``; long values are shortened."""
    return '; '.join(f'{key}={shorten(str(own), 60)} ({shorten(str(first), 60)})'
                     for key, (own, first) in row.unequal.items()).replace('|', '/')


def _seeds(line: Line, asked: int) -> str:
    return f'{len(line.results)} of {asked}' if line.results else NOT_RUN


def _all(ablation: Ablation, key: str) -> str:
    return ', '.join(dict.fromkeys(str(result[key]) for result in ablation.results if key in result)) or NONE


def _millions(count: int | None) -> str:
    return NONE if count is None else f'{count / 1e6:.3g} M'

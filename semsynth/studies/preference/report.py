"""A report on the votes of a study: text, table, chart."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from semsynth.errors import DataError
from semsynth.studies.charts import as_png
from semsynth.studies.preference.plan import Study
from semsynth.studies.preference.votes import FEWEST_PARTICIPANTS, Preference, preferences, read_votes
from semsynth.studies.tables import NONE, cells
from semsynth.writing import check_out_file, check_out_folder, write_whole

REPORT = ('report.md', 'preferences.csv', 'preferences.png')


def report_study(folder: str | Path, files: Sequence[str | Path], out: str | Path | None = None) -> Path:
    """Write ``report.md``, ``preferences.csv`` and ``preferences.png``, and return the first one's path.

    Args:
        folder: of the study, as ``make_study`` wrote it.
        files: the participants' votes.
        out: folder for the report; by default ``report`` in the study's folder. There a report replaces one on the same
            study alone.

    Raises:
        DataError: there is no study, ``out`` holds the report on another one, or a file of votes does not fit; see
            ``read_votes``.
        ValueError: ``out`` is no place for a report.
    """
    out = check_out_folder(Path(folder, 'report') if out is None else out)
    for name in REPORT:
        check_out_file(out / name, files)
    study = Study.load(folder)
    _check_replaced(out, study)
    votes = read_votes(study, files)
    rates = preferences(study, votes)
    text, table, chart = REPORT
    write_whole(out / table, _table(rates).encode())
    write_whole(out / chart, _chart(rates))
    return write_whole(out / text, '\n'.join(_text(study, votes, rates)).encode())


def _check_replaced(out: Path, study: Study) -> None:
    path = out / REPORT[0]
    if path.is_file() and not path.read_text(encoding='utf-8', errors='replace').startswith(
            (f'# Preference study {study.id}\n', '# Preference study\n')):  # the second: of older versions
        raise DataError(f'{path} is there already, and no report on this study ({study.id}): name another folder.')


def time_name(seconds: float | None) -> str:
    """``1/8 s``, ``4 s`` or ``unlimited``."""
    return 'unlimited' if seconds is None else f'{Fraction(seconds).limit_denominator(1000)} s'


def _text(study: Study, votes: Mapping[str, int], rates: Sequence[Preference]) -> Iterator[str]:
    done = {number: sum(name in votes for name in trials) for number, trials in study.participants.items()}
    took_part = [number for number in done if done[number]]
    first = list(votes.values()).count(1)
    yield f'# Preference study {study.id}\n'
    yield (f'{len(votes)} of {len(study.trials)} votes, by {len(took_part)} of {len(done)} participants. Chance is '
           f'50 %. Image 1 was chosen in {100 * first / len(votes):.1f} % of the votes.\n')
    yield cells(['preferred', 'over', 'shown for', 'votes', 'rate, %', '95 % over votes', '95 % over participants'])
    yield cells(['---'] * 7)
    for each in rates:
        yield cells([each.method, each.over, time_name(each.seconds), each.votes, f'{100 * each.rate:.1f}',
                     _span(each.interval), _span(each.over_participants)])
    yield ('\nOver votes: Wilson interval, as if all votes were independent. Over participants: bootstrap that draws '
           f'the participants anew, from {FEWEST_PARTICIPANTS} of them up.\n')
    yield '![Preference rates](preferences.png)\n'
    unfinished = [f'{number} ({done[number]} of {len(trials)})' for number, trials in study.participants.items()
                  if 0 < done[number] < len(trials)]
    yield f'Participants who did not finish: {", ".join(unfinished) or "none"}.\n'


def _span(interval: tuple[float, float] | None) -> str:
    return NONE if interval is None else f'{100 * interval[0]:.1f} to {100 * interval[1]:.1f}'


def _table(rates: Sequence[Preference]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator='\n')
    writer.writerow(['preferred', 'over', 'seconds', 'votes', 'for', 'rate', 'low', 'high', 'participants_low',
                     'participants_high'])
    for each in rates:
        numbers = (each.rate, *each.interval, *(each.over_participants or ()))
        writer.writerow([each.method, each.over, 'unlimited' if each.seconds is None else each.seconds, each.votes,
                         each.preferred, *(f'{number:.4f}' for number in numbers)])
    return text.getvalue()


def _chart(rates: Sequence[Preference]) -> bytes:
    """Figure 7 of pix2pixHD: a line a pair over the times, with Wilson's intervals."""
    times = sorted({each.seconds for each in rates}, key=lambda seconds: (seconds is None, seconds))
    pairs = list(dict.fromkeys((each.method, each.over) for each in rates))
    figure = Figure(figsize=(max(6, 3 + 0.8 * len(times)), 4), layout='constrained')
    axes = figure.subplots()
    axes.axhline(50, color='gray', linestyle='--', linewidth=1)
    for number, pair in enumerate(pairs):
        own = [each for each in rates if (each.method, each.over) == pair]
        percent = 100 * np.array([each.rate for each in own])
        low, high = 100 * np.array([each.interval for each in own]).T
        beside = 0.08 * (number - (len(pairs) - 1) / 2)  # so that intervals do not cover each other
        axes.errorbar([times.index(each.seconds) + beside for each in own], percent, (percent - low, high - percent),
                      marker='o', capsize=3, label=f'{pair[0]} over {pair[1]}')
    axes.set(ylim=(-3, 103), ylabel='preferred, % of votes', xlabel='images shown for', xlim=(-0.5, len(times) - 0.5),
             xticks=range(len(times)), xticklabels=[time_name(seconds) for seconds in times])
    figure.legend(loc='outside right upper')
    return as_png(figure, dpi=150)

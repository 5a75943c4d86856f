"""Result files side by side: models and folders of images that were judged under one protocol."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from semsynth.errors import counted, few_images, first_few
from semsynth.scores import is_oracle, oracle_of
from semsynth.studies.tables import cells, shown
from semsynth.writing import check_out_file, write_whole

OF_OTHERS = ('fitted', 'checkpoint', 'config')
"""Entries of a protocol, or of its judge, on which no comparison depends: how given images were made to fit is said
below the table, and judges are known by the hash of their weights."""


def compare(results: Sequence[str | Path], *, out: str | Path | None = None, allow_unequal: bool = False) -> str:
    """A table of result files by ``semsynth test``, a row each, as Markdown.

    Args:
        results: paths; ``'TITLE=PATH'`` gives the row that title.
        out: Markdown file to write the table into.
        allow_unequal: mark scores of other protocols than the first row's with a star, instead of refusing them.

    Returns:
        The table, and below it what it depends on.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: a file is no result, two rows have one title, protocols or scenes differ, or ``out`` is read or is
            no place for a file.
    """
    reports: dict[str, Mapping[str, Any]] = {}
    paths = []
    for result in results:
        title, path = _split(result)
        report = _read(path)
        title = title or _title(report, path)
        if title in reports:
            raise ValueError(f'Two rows are called {title!r}: name them apart, such as {title} again={path}.')
        reports[title] = report
        paths.append(path)
    if out is not None:
        check_out_file(out, paths)
    first = next(iter(reports.values()))
    unequal = {title: {} if report is first else _differences(report, first) for title, report in reports.items()}
    for found, path in zip(unequal.values(), paths, strict=True):
        if found and not allow_unequal:
            score, reason = next(iter(found.items()))
            raise ValueError(f'{path} and {paths[0]} differ in how {score} was judged: {reason}. Only results '
                             'of one protocol are compared: judge one of them again, or have it said in the table, '
                             'with --allow-unequal.')
    text = _table(reports, unequal)
    if out is not None:
        write_whole(out, text.encode())
    return text


def _split(result: str | Path) -> tuple[str, Path]:
    title, sign, path = str(result).partition('=')
    return (title, Path(path)) if sign and not Path(result).exists() else ('', Path(result))


def _read(path: Path) -> Mapping[str, Any]:
    if not path.is_file():
        raise FileNotFoundError(f'There is no result file {path}: name one that semsynth test has written.')
    try:
        report = json.loads(path.read_text(encoding='utf-8'))
        if isinstance(report['scores'], dict) and isinstance(report['evaluators'], list) and report['evaluators']:
            return report
    except (ValueError, KeyError, TypeError):
        pass
    raise ValueError(f'{path} is no result file: name one that semsynth test has written.')


def _title(report: Mapping[str, Any], path: Path) -> str:
    if 'images' in report:
        return f'images in {Path(report["images"]["folder"]).name}'
    return f'{Path(report.get("config", path.stem)).stem}, {Path(report.get("checkpoint", path.stem)).stem}'


def _scores(report: Mapping[str, Any]) -> list[str]:
    """Names of the scores, without the oracle's."""
    return [name for name in report['scores'] if not is_oracle(name)]


def _protocol(report: Mapping[str, Any], score: str) -> Mapping[str, Any]:
    """How a score was judged, as flat as it is compared; nothing, where an older file does not say it."""
    found: Mapping[str, Any] = next(
        (each['protocol'] for each in report['evaluators'] if score in each.get('scores', ())), {})
    return {key: value for key, value in found.items() if key not in OF_OTHERS}


def _differences(report: Mapping[str, Any], first: Mapping[str, Any]) -> dict[str, str]:
    """For each score that both have, why it cannot be compared, if there is a reason."""
    found: dict[str, str] = {}
    for score in _scores(report):
        own, other = _protocol(report, score), _protocol(first, score)
        if score not in first['scores']:
            continue
        if not (own and other):
            found[score] = 'a file of an older version does not say it'
            continue
        # keys that one of them lacks belong to further scores of its evaluator
        if report.get('scenes') != first.get('scenes'):
            found[score] = 'on other scenes'
        elif key := next((key for key in own if key in other and _plain(own[key]) != _plain(other[key])), None):
            found[score] = f'{key} ({_plain(own[key])} and {_plain(other[key])})'
    return found


def _plain(value: Any) -> Any:
    """An entry of a protocol; of a segmentor's settings what is not told by its hash."""
    return {key: each for key, each in value.items() if key not in OF_OTHERS} if isinstance(value, dict) else value


def _table(reports: Mapping[str, Mapping[str, Any]], unequal: Mapping[str, Mapping[str, str]]) -> str:
    scores = list(dict.fromkeys(score for report in reports.values() for score in _scores(report)))
    titles = {score: title for report in reports.values() for score, title in report.get('titles', {}).items()}
    lines = [cells(['', *(titles.get(score, score) for score in scores)]), cells(['---'] * (len(scores) + 1))]
    for title, report in reports.items():
        lines.append(cells([title, *(shown(report['scores'].get(score)) + '*' * (score in unequal[title])
                                      for score in scores)]))
    oracles = [next((value for title, report in reports.items() if score not in unequal[title]
                     and (value := report['scores'].get(oracle_of(score))) is not None), None) for score in scores]
    if any(value is not None for value in oracles):
        lines.append(cells(['real images (oracle)', *map(shown, oracles)]))
    return '\n'.join([*lines, '', *(f'- {note}' for note in _notes(reports, unequal)), ''])


def _notes(reports: Mapping[str, Mapping[str, Any]], unequal: Mapping[str, Mapping[str, str]]) -> list[str]:
    first = next(iter(reports.values()))
    names = dict.fromkeys(name for each in first['evaluators'] if (name := each['protocol'].get('name')))
    count = first['evaluators'][0]['protocol'].get('num_images')
    notes = [f'{count} images each' + (f'; protocol: {", ".join(names)}.' if names else '.')]
    notes += dict.fromkeys(few for report in reports.values() for each in report['evaluators'] if (few := _few(each)))
    judges: dict[str, list[str]] = {}
    for title, report in reports.items():
        judges.setdefault(report.get('judge', 'unknown').rstrip('.'), []).append(title)
    notes += [f'Judge of {", ".join(titles)}: {judge}.' for judge, titles in judges.items()]
    for title, report in reports.items():
        if surplus := report.get('images', {}).get('surplus'):
            names = report['images'].get('surplus_names', [])
            more = f' and {surplus - len(names)} more' if len(names) < surplus else ''
            notes.append(f'{title}: {counted(surplus, "image")} of no layout left out'
                         + (f': {", ".join(names)}{more}.' if names else '.'))
        fitted = dict.fromkeys(each['protocol']['fitted'] for each in report['evaluators']
                               if 'fitted' in each['protocol'])
        if fitted:
            notes.append(f'{title}: images were made to fit: {first_few(list(fitted))}.')
        if unequal[title]:
            reasons = dict.fromkeys(f'{score}: {reason}' for score, reason in unequal[title].items())
            notes.append(f"{title}: * not judged as the first row, and not to be compared with it; "
                         f'{"; ".join(reasons)}.')
    return notes


def _few(evaluator: Mapping[str, Any]) -> str:
    """That a Fréchet distance is of fewer images than features; empty where it is not."""
    protocol = evaluator['protocol']
    images = min(protocol.get('num_images', 0), protocol.get('num_real_images', protocol.get('num_images', 0)))
    score = next((score for score in evaluator.get('scores', ())
                  if score.rpartition('/')[2].startswith(('frechet_', 'FID'))), '')
    return few_images(score, images, protocol['num_features']) if score and (
        images < protocol.get('num_features', 0)) else ''

"""The result file of an evaluation: scores, what they depend on, and whether the judge was independent."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mmengine.logging import print_log
from rich.table import Table

from semsynth.evaluators.base import Evaluator
from semsynth.scores import is_oracle, oracle_of
from semsynth.writing import write_whole


def build_report(scores: Mapping[str, float], evaluators: Sequence[Evaluator], label_generator: str | None = None,
                 networks: Mapping[str, str] | None = None, judge: str | None = None, **facts: Any) -> dict[str, Any]:
    """Everything that the result file says.

    Args:
        scores: the evaluators' scores by name.
        evaluators: the ones that computed them; each gives its protocol and its table of classes.
        label_generator: weights' hash of the segmentor that the model's losses read, or None.
        networks: other frozen networks that its losses read: name by hash of the weights.
        judge: whether the judge was independent, in a sentence; by default found out from the hashes.
        facts: what else should stand there: config, checkpoint, the similarity loss's stride.
    """
    return dict(judge=judge or _independence(evaluators, label_generator, networks or {}), scores=dict(scores),
                titles=_titles(evaluators), **facts, label_generator=label_generator,
                evaluators=[dict(type=type(evaluator).__name__, scores=list(_titles([evaluator])),
                                 protocol=evaluator.protocol, classes=evaluator.classes) for evaluator in evaluators])


def write_report(path: str | Path, report: Mapping[str, Any]) -> None:
    """Write a report of ``build_report`` as JSON, whole or not at all; its first line is the one on the judge."""
    text = json.dumps(report, indent=2, ensure_ascii=False, default=str).replace('{\n  ', '{ ', 1) + '\n'
    write_whole(path, text.encode())


def settings_in(path: Path) -> str | None:
    """What the scores in a result file depend on, ``settings`` of a report; None where it is no result file."""
    try:
        return json.loads(path.read_text(encoding='utf-8'))['settings']
    except (OSError, ValueError, KeyError, TypeError):
        return None


def report_tables(report: Mapping[str, Any]) -> list[Table]:
    """The report for a console: the scores beside their oracle, then the classes."""
    scores = report['scores']
    named = dict.fromkeys(name for evaluator in report['evaluators'] if (name := evaluator['protocol'].get('name')))
    oracles = {name for name in scores if is_oracle(name)}
    summary = Table('score', 'synthesised', *(['real (oracle)'] if oracles else []), title=report['judge'],
                    title_justify='left', caption=f'protocol: {", ".join(named)}' if named else None,
                    caption_justify='left')
    for name in scores:
        if name not in oracles:
            shown = [scores[name], scores.get(oracle_of(name))] if oracles else [scores[name]]
            summary.add_row(report['titles'].get(name, name), *map(_shown, shown))
    tables = [summary]
    for evaluator in report['evaluators']:
        if evaluator['classes']:
            scored = [name for name in evaluator['classes'][0] if name not in ('index', 'name')]
            table = Table('index', 'class', *scored)
            for row in evaluator['classes']:
                values = [row[name] for name in scored]
                if any(value is not None for value in values):
                    table.add_row(str(row['index']), row['name'], *map(_shown, values))
            tables.append(table)
    return tables


def _titles(evaluators: Sequence[Evaluator]) -> dict[str, str]:
    """Plain names of the scores, behind the prefix of the evaluators that have one."""
    return {'/'.join(filter(None, [evaluator.prefix, name])): ': '.join(filter(None, [evaluator.prefix, title]))
            for evaluator in evaluators for name, title in evaluator.titles.items()}


def _independence(evaluators: Sequence[Evaluator], label_generator: str | None, networks: Mapping[str, str]) -> str:
    def judged_by(weights: str | None) -> str:
        return ', '.join(name for evaluator in evaluators for name, own in evaluator.judges.items() if own == weights)

    warnings = [f'NOT INDEPENDENT: {names} judged with the very weights ({weights}) of {network}, on whose features a '
                'loss of the model trained; a low distance says little.'
                for weights, network in networks.items() if (names := judged_by(weights))]
    if names := judged_by(label_generator):
        warnings.insert(0, f"NOT INDEPENDENT: {names} judged with the very weights ({label_generator}) that the "
                           "model's losses read as label generator; high scores say little.")
    for line in warnings:
        print_log(line, logger='current', level=logging.WARNING)
    if judged_by(label_generator):
        return ' '.join(warnings)
    if label_generator is None:
        return ' '.join([*warnings, 'independent: no loss of the model reads a label generator.'])
    return ' '.join([*warnings, f"independent: no judge has the weights of the losses' label generator "
                                f'({label_generator}).'])


def _shown(value: float | None) -> str:
    return '' if value is None else f'{value:.4g}'

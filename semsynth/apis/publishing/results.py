"""The scores of a checkpoint, from the result files beside it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from semsynth.scores import is_oracle, oracle_of

SHOWN = ('name', 'output', 'size', 'resampling', 'reference', 'mean', 'num_images', 'num_layouts', 'samples',
         'weights_hash')
"""What a card says of a protocol; other entries may name files of the publisher's machine."""
NAMED = ('semsynth::', 'mmseg::')
"""How names of configs begin that others have too."""


class Score(NamedTuple):
    """One score of a model.

    Args:
        name: of the score.
        title: its plain name.
        value: of the synthesised images.
        oracle: of the real images, where there is such.
    """

    name: str
    title: str
    value: float
    oracle: float | None


class Evaluation(NamedTuple):
    """What a card says of one result file.

    Args:
        kind: ``'test'`` or ``'diversity'``, the command that wrote it.
        judge: whether the judge was independent, in a sentence.
        scores: of the model.
        evaluators: type and protocol of each, as text.
    """

    kind: str
    judge: str
    scores: list[Score]
    evaluators: list[tuple[str, str]]


KINDS = dict(results='test', diversity='diversity')
"""How the names of result files begin, and the commands that write them."""


def find_evaluations(checkpoint: Path, weights: str, iterations: int | None) -> list[Evaluation]:
    """All results of a checkpoint: ``results_NAME.json``, ``diversity_NAME.json`` and their like for other settings.

    A file of other weights, such as an earlier run's, is left out; what is no result file too.

    Args:
        checkpoint: the file.
        weights: their hash.
        iterations: of its training, by which the files of older versions are told apart.
    """
    pattern = re.compile(rf'({"|".join(KINDS)})_{re.escape(checkpoint.stem)}(_[0-9a-f]{{8}})?\.json')
    found = []
    for path in sorted(checkpoint.parent.iterdir(), reverse=True):  # scores first, and diversity
        if match := pattern.fullmatch(path.name):
            try:
                report = json.loads(path.read_text(encoding='utf-8'))
                is_own = report['weights'] == weights if 'weights' in report else report['iterations'] == iterations
                if is_own and Path(report['checkpoint']).name == checkpoint.name:
                    found.append(_evaluation(KINDS[match[1]], report))
            except (OSError, ValueError, KeyError, TypeError, AttributeError):
                continue
    return found


def _evaluation(kind: str, report: Mapping[str, Any]) -> Evaluation:
    scores, titles = report['scores'], report.get('titles') or {}
    oracles = {name for name in scores if is_oracle(name)}
    listed = [Score(name, str(titles.get(name, name)), float(value), scores.get(oracle_of(name)))
              for name, value in scores.items() if name not in oracles]
    return Evaluation(kind, str(report['judge']), listed, [
        (str(evaluator['type']), _protocol(evaluator['protocol'])) for evaluator in report['evaluators']])


def _protocol(protocol: Mapping[str, Any]) -> str:
    """``name: X; judge: semsynth::segmentors/x.py; size: ...``, without paths."""
    judge = protocol.get('judge') or {}
    config = str(judge.get('config', '')) if isinstance(judge, Mapping) else ''
    facts = {'judge': config if config.startswith(NAMED) else Path(config).name} if config else {}
    facts |= {name: protocol[name] for name in SHOWN if protocol.get(name) is not None}
    return '; '.join(f'{name.replace("_", " ")}: {value}' for name, value in facts.items())

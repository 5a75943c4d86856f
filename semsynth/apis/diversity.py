"""Diversity: distances between a model's images of the same layout."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mmengine.registry import DefaultScope
from rich.console import Console

from semsynth.apis.evaluation import facts_of_styles
from semsynth.apis.inferencer import Inferencer
from semsynth.apis.layout_files import LayoutFile, files_of
from semsynth.apis.progress import tracked
from semsynth.apis.publishing.folder import is_published
from semsynth.arguments import check_arguments
from semsynth.evaluators import build_report, report_tables, settings_in, write_report
from semsynth.registry import EVALUATORS
from semsynth.weights import hash_weights
from semsynth.writing import check_out_file, hash_settings, place_of_result


@check_arguments
def measure_diversity(inferencer: Inferencer, layouts: Sequence[LayoutFile], *, samples: int = 10, seed: int = 0,
                      out: str | Path | None = None) -> dict:
    """Measure the distance between samples of each layout by the config's ``diversity_evaluator``, and write it down.

    Every sample has a latent from N(0, I), or styles from a file; photos are not read.

    Args:
        inferencer: of the trained model; LPIPS is measured where its config has no ``diversity_evaluator``.
        layouts: by ``Inferencer.find``.
        samples: images of each layout.
        seed: another one gives other samples.
        out: the result file; by default ``diversity_CHECKPOINT.json`` beside the checkpoint, of a published folder
            ``diversity_FOLDER.json`` in the current one. Where that holds the result of other settings or layouts, the
            name ends in eight digits that stand for these.

    Returns:
        The report that the result file holds.

    Raises:
        ValueError: there are fewer than 2 samples, all of them would be the same, or ``out`` is read, is no place for a
            file, or holds something else.
        DataError: a file is unsound.
    """
    checkpoint = inferencer.require_checkpoint()
    if samples < 2:
        raise ValueError(f'samples={samples}, but a distance between images of one layout needs 2 at least.')
    if not inferencer.model.latent_dim and inferencer.styles is None:
        raise ValueError('Nothing is drawn at random, so that all images of a layout would be the same: the model has '
                         'no latent, and there is no file of styles (--styles).')
    with DefaultScope.overwrite_default_scope('semsynth'):
        evaluators = [EVALUATORS.build(evaluator, default_args=dict(device=str(inferencer.device))) for evaluator in
                      inferencer.config.get('diversity_evaluator') or [dict(type='LPIPSDiversity')]]
    bank = inferencer.config.model.get('styles')
    facts: dict[str, Any] = {'styles': facts_of_styles(bank)} if bank else {}
    settings = hash_settings(
        weights=hash_weights(inferencer.model), layouts=[str(Path(path).resolve()) for path in files_of(layouts)],
        samples=samples, seed=seed,
        measures=[evaluator.protocol | dict(type=type(evaluator).__name__) for evaluator in evaluators],
        styles=facts.get('styles', {}).get('hash'))
    folder = checkpoint.parent
    usual = Path(f'diversity_{folder.resolve().name}.json') if is_published(folder) else checkpoint.with_name(
        f'diversity_{checkpoint.stem}.json')
    path = place_of_result(out, usual, settings, settings_in)
    check_out_file(path, (inferencer.config.filename, checkpoint, bank, *files_of(layouts)))
    for layout in tracked(layouts, 'Sampling'):
        results = list(inferencer.sample(layout, samples, seed))
        for evaluator in evaluators:
            evaluator.process(None, [results])
    scores = {name: value for evaluator in evaluators for name, value in evaluator.evaluate(len(layouts)).items()}
    meta = inferencer.meta
    report = build_report(scores, evaluators, meta.get('label_generator'), meta.get('loss_networks'),
                          settings=settings, config=str(inferencer.config.filename), checkpoint=str(checkpoint),
                          iterations=meta.get('iter', 0), samples=samples, seed=seed, **facts)
    write_report(path, report)
    console = Console()
    for table in report_tables(report):
        console.print(table)
    console.print(f'Written to {path}')
    return report

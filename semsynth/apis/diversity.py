"""How diverse a model's images of one layout are."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from mmengine.config import Config
from mmengine.registry import DefaultScope
from rich.console import Console
from rich.progress import track

from semsynth.apis.evaluation import facts_of_styles
from semsynth.apis.inferencer import Inferencer
from semsynth.apis.layout_files import files_of
from semsynth.arguments import check_arguments
from semsynth.evaluators import build_report, report_tables, settings_in, write_report
from semsynth.registry import EVALUATORS
from semsynth.weights import hash_weights, load_checkpoint
from semsynth.writing import check_out_file, hash_settings, place_of_result


@check_arguments
def measure_diversity(config: str | Path | Config, checkpoint: str | Path, inputs: Sequence[str | Path], *,
                      samples: int = 10, seed: int = 0, instances: str | Path | None = None,
                      styles: str | Path | None = None, out: str | Path | None = None, device: str | None = None,
                      cfg_options: dict | None = None) -> dict:
    """Measure the distance between samples of each layout by the config's ``diversity_evaluator``, and write it down.

    Every sample has a latent from N(0, I), or styles from a file; photos are not read.

    Args:
        config: path or config of the training; without a ``diversity_evaluator``, LPIPS is measured.
        checkpoint: path of the trained weights.
        inputs: label maps, or folders that hold some.
        samples: images of each layout.
        seed: another one gives other samples.
        instances: folder of the instance maps; by default beside the label maps.
        styles: file of styles to pick from at random.
        out: the result file; by default ``diversity_CHECKPOINT.json`` beside the checkpoint. Where that holds the
            result of other settings or layouts, the name ends in eight digits that stand for these.
        device: such as ``'cpu'``; the GPU where there is one by default.
        cfg_options: entries of the config to override.

    Returns:
        The report that the result file holds.

    Raises:
        ValueError: there are fewer than 2 samples, all of them would be the same, or ``out`` is read, is no place for a
            file, or holds something else.
        DataError: a file is missing or unsound.
    """
    if samples < 2:
        raise ValueError(f'samples={samples}, but a distance between images of one layout needs 2 at least.')
    inferencer = Inferencer(config, checkpoint, device, cfg_options, styles)
    if not inferencer.model.latent_dim and inferencer.styles is None:
        raise ValueError('Nothing is drawn at random, so that all images of a layout would be the same: the model has '
                         'no latent, and there is no file of styles (--styles).')
    layouts = inferencer.find(inputs, instances)
    with DefaultScope.overwrite_default_scope('semsynth'):
        evaluators = [EVALUATORS.build(evaluator, default_args=dict(device=device)) for evaluator in
                      inferencer.config.get('diversity_evaluator') or [dict(type='LPIPSDiversity')]]
    bank = inferencer.config.model.get('styles')
    facts = {'styles': facts_of_styles(bank)} if bank else {}
    settings = hash_settings(
        weights=hash_weights(inferencer.model), layouts=[str(Path(path).resolve()) for path in files_of(layouts)],
        samples=samples, seed=seed,
        measures=[evaluator.protocol | dict(type=type(evaluator).__name__) for evaluator in evaluators],
        styles=facts.get('styles', {}).get('hash'))
    path = place_of_result(out, Path(checkpoint).with_name(f'diversity_{Path(checkpoint).stem}.json'), settings,
                           settings_in)
    check_out_file(path, (inferencer.config.filename, checkpoint, bank, *files_of(layouts)))
    for layout in track(layouts, 'Sampling'):
        results = list(inferencer.sample(layout, samples, seed))
        for evaluator in evaluators:
            evaluator.process(None, [results])
    scores = {name: value for evaluator in evaluators for name, value in evaluator.evaluate(len(layouts)).items()}
    meta = load_checkpoint(checkpoint).get('meta', {})
    report = build_report(scores, evaluators, meta.get('label_generator'), settings=settings,
                          config=str(inferencer.config.filename), checkpoint=str(checkpoint),
                          iterations=meta.get('iter', 0), samples=samples, seed=seed, **facts)
    write_report(path, report)
    console = Console()
    for table in report_tables(report):
        console.print(table)
    console.print(f'Written to {path}')
    return report

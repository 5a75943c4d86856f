"""Evaluation: the scores of a trained model, or of images that are there already, on a test set."""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from mmengine.config import Config
from mmengine.dist import is_main_process
from mmengine.runner import Runner
from mmengine.runner.checkpoint import load_state_dict
from rich.console import Console
from torch import distributed

from semsynth.apis.building import TRAINED_ONLY, TrainedModel, build_for_inference, open_model, warn_untrained
from semsynth.apis.given_images import find_given, scene_names
from semsynth.apis.image_scores import folder_of_images, write_image_scores
from semsynth.apis.publishing.folder import CARD
from semsynth.arguments import check_arguments
from semsynth.completion import work_dir_of
from semsynth.config_files import find_config, is_config
from semsynth.engine.launch import build_runner
from semsynth.engine.wrapping import bare
from semsynth.errors import check_folder
from semsynth.evaluators import Evaluator, build_report, report_tables, settings_in, write_report
from semsynth.models import Synthesizer
from semsynth.weights import hash_weights
from semsynth.writing import check_out_file, check_out_folder, hash_settings, place_of_result

TRAINING_ENTRIES = ('train_dataloader', 'train_cfg', 'optim_wrapper', 'param_scheduler', 'val_dataloader', 'val_cfg',
                    'val_evaluator')


@check_arguments
def evaluate(model: str | Path | Config, checkpoint: str | Path | None = None, *, out: str | Path | None = None,
             launcher: str = 'none', cfg_options: dict | None = None, styles: str | Path | None = None,
             images: str | Path | None = None, ending: str | None = None, worst: int = 12) -> dict:
    """Judge a model, or images of its layouts, by its config's ``test_evaluator``; print and write down the scores.

    Beside the result file, ``RESULT_images/`` then holds ``images.csv``, with the scores of each image, and
    ``worst.html``, a page of the worst, where an evaluator scores images.

    Args:
        model: path of a checkpoint, which carries its config; or a config, its path or its name, beside the checkpoint.
        checkpoint: path, only beside a config; with a config alone the untrained generator is judged.
        out: the result file; by default ``results_CHECKPOINT.json`` beside the checkpoint, in the work dir without
            one. Where ``cfg_options`` change data, judges or network, or that file holds the result of other settings,
            the name ends in eight digits that stand for the settings: a result replaces the same one alone.
        launcher: ``'none'``, ``'pytorch'`` under torchrun, ``'slurm'`` under srun; ranks share the set.
        cfg_options: entries of the config to override.
        styles: file of styles; each scene's are drawn from it, by the scene's name. A model with styles needs one.
        images: folder of images, one for each layout of the config's test set, that are judged in place of a model's;
            see ``find_given_images`` for their names. No model is built; the usual result file is
            ``results_FOLDER.json`` in the config's work dir.
        ending: what ends the images' names behind the layouts', with the type, such as ``'_fake.png'``.
        worst: so many of the worst images are shown; 0 writes no page.

    Returns:
        The report that the result file holds.

    Raises:
        ValueError: the config has no ``test_evaluator``, the checkpoint does not fit, an evaluator cannot judge layouts
            with the model's classes; a model with styles has no file of them: a photo's own styles would say what it
            looks like; ``out`` is read, is no place for a file, or holds something else; or there are both images and
            what only a model has.
        DataError: images are missing, twice there or cannot be read.
    """
    if images is not None:
        if checkpoint or styles:
            raise ValueError(f'images={images} are judged in place of a model, which then has neither a checkpoint nor '
                             'styles: name the config alone, or leave the images out.')
        check_folder(images, 'the images')
    elif ending is not None:
        raise ValueError(f'ending={ending!r} is of images: name their folder with --images, or leave it out.')
    trained = open_model(model, checkpoint, cfg_options)
    own = open_model(model, checkpoint).config if cfg_options else copy.deepcopy(trained.config)
    config, source = trained.config, str(trained.config.filename)
    if trained.checkpoint is None and images is None and not isinstance(model, Config):
        warn_untrained(config)
    if styles:
        config.model.styles = str(styles)
    _check_judged(model, config, trained.checkpoint)
    weights = None if images is not None else trained.checkpoint
    work_dir = weights.parent if weights else work_dir_of(config)
    name = Path(images).resolve().name if images is not None else weights.stem if weights else 'untrained'
    usual = work_dir / f'results_{name}.json'
    check_out_file(usual if out is None else out, (config.filename, weights, config.model.get('styles')))
    check_out_folder(folder_of_images(Path(out or usual)), kept=() if images is None else (images,))
    subject = _model(trained) if images is None else _images(config, images, ending)
    judged = _judged(config, images is None)
    config.model = subject.model
    runner = _runner(config, source, work_dir, launcher)
    subject.enter(runner)
    evaluators: list[Evaluator] = runner.test_loop.evaluator.metrics
    layouts = bare(runner.model).data_preprocessor
    for evaluator in evaluators:
        evaluator.check_layout(layouts.num_classes, layouts.unknown)
        evaluator.keep_worst = worst
    dataset = runner.test_loop.dataloader.dataset
    scenes = scene_names(dataset)
    settings = hash_settings(
        judged=judged, weights=subject.hash, scenes=len(scenes),
        data_root=str(Path(config.test_dataloader.dataset.get('data_root', '')).resolve()),
        judges=[evaluator.protocol | dict(type=type(evaluator).__name__) for evaluator in evaluators],
        styles=subject.facts.get('styles', {}).get('hash'))
    path = place_of_result(out, usual, settings, settings_in, own=judged == _judged(own, images is None))
    scores = runner.test()
    report = build_report(scores, evaluators, trained.meta.get('label_generator'), trained.meta.get('loss_networks'),
                          subject.independence, settings=settings, config=source, **subject.facts,
                          scenes=dict(count=len(scenes), hash=_hash_names(scenes)),
                          device=torch.cuda.get_device_name() if torch.cuda.is_available() else 'CPU')
    if is_main_process():
        write_report(path, report)
        written = [path, *write_image_scores(path, evaluators, name, dataset.metainfo.get('palette'))]
        console = Console()
        for table in reversed(report_tables(report)):
            console.print(table)
        for each in written:
            console.print(f'Written to {each}')
    if launcher != 'none':
        distributed.destroy_process_group()
    return report


@dataclass(frozen=True)
class _Subject:
    """What is judged: a model, or images in its place.

    Args:
        hash: of the model's weights, or of the images.
        facts: what the result file says of it.
        model: config of the model that is tested.
        enter: puts weights or images into the runner that tests it.
        independence: the first line of the result file; None to have it found out.
    """

    hash: str
    facts: dict[str, Any]
    model: dict[str, Any]
    enter: Callable[[Runner], None]
    independence: str | None = None


def _model(trained: TrainedModel) -> _Subject:
    config, network = trained.config, _build(trained)
    facts = dict(checkpoint=str(trained.checkpoint or 'untrained'), weights=hash_weights(network),
                 iterations=trained.meta.get('iter', 0), losses=trained.meta.get('loss_protocols', {}))
    if network.styles:
        facts['styles'] = facts_of_styles(config.model.styles)
    stored = network.state_dict() if trained.checkpoint else None

    def enter(runner: Runner) -> None:
        if stored is not None:  # else all ranks have the weights that the config's seed gives
            load_state_dict(bare(runner.model), stored, strict=True)  # torch's own does not look into ranks' wrappers

    return _Subject(facts['weights'], facts, {**config.model, **TRAINED_ONLY}, enter)


def _images(config: Config, folder: str | Path, ending: str | None) -> _Subject:
    given = find_given(config, folder, ending)

    def enter(runner: Runner) -> None:
        bare(runner.model).paths = given.images.paths
        given.state_in(runner.test_loop.evaluator.metrics)

    model = dict(type='GivenImagesModel', data_preprocessor=config.model.data_preprocessor)
    return _Subject(given.images.hash, dict(images=given.facts), model, enter, given.independence)


def _check_judged(model: str | Path | Config, config: Config, checkpoint: Path | None) -> None:
    """Raise a ValueError for what says nothing of how it is judged."""
    if not isinstance(model, Config) and (folder := find_config(model)).is_dir():
        card = folder / CARD
        raise ValueError(f'{model} is a published model, which has no test set and no judge; its scores are in {card}. '
                         'To judge it again, name a config that has both before its weights: semsynth test CONFIG '
                         f'{checkpoint}')
    if not config.get('test_evaluator'):
        raise ValueError(f'{config.filename} has no test_evaluator: say how results are judged, as '
                         "semsynth::ecgan/ecgan_toycity.py does, with dict(type='SegmentationEvaluator', judge=...).")


def _build(trained: TrainedModel) -> Synthesizer:
    """The model; one with styles takes them from a file."""
    network = build_for_inference(trained.config, trained.checkpoint, trained.stored)
    if network.style_channels and network.styles is None:
        raise ValueError('The model was trained with styles, and the photos that judge it must not give them: '
                         'make a file of styles with semsynth encode_styles and name it with --styles.')
    return network


def _runner(config: Config, source: str, work_dir: Path, launcher: str) -> Runner:
    """What tests a config's model in float32, without anything that training needs."""
    for entry in TRAINING_ENTRIES:
        config[entry] = None
    config.default_hooks = {name: hook for name, hook in config.default_hooks.items() if name in ('timer', 'logger')}
    config.default_hooks.update(dict.fromkeys(('runtime_info', 'param_scheduler', 'checkpoint', 'sampler_seed')))
    config.custom_hooks = []
    config.load_from, config.resume, config.precision = None, False, 'float32'
    if not is_config(source):  # a checkpoint's own, which mmengine writes into the work dir
        config = Config(config.to_dict(), filename=f'{Path(source).stem}.py', cfg_text=source)
    return build_runner(config, work_dir=work_dir / 'test', launcher=launcher)


def _judged(config: Config, with_model: bool) -> dict:
    """The settings that scores depend on; where the data are and in which order they are read does not matter.

    Args:
        config: read.
        with_model: whether a model is judged, and not images in its place.
    """
    dataset = {key: value for key, value in config.test_dataloader.dataset.to_dict().items() if key != 'data_root'}
    model = {key: value for key, value in config.model.to_dict().items() if key not in (*TRAINED_ONLY, 'styles')}
    return dict(dataset=dataset, test_evaluator=Config(dict(each=config.get('test_evaluator'))).to_dict(),
                model=model if with_model else {})


def _hash_names(names: Sequence[str]) -> str:
    return hashlib.sha256('\0'.join(names).encode()).hexdigest()[:16]


def facts_of_styles(styles: str) -> dict[str, str]:
    """The path and the hash of a file of styles, for the result file."""
    return dict(file=styles, hash=hashlib.sha256(Path(styles).read_bytes()).hexdigest()[:16])

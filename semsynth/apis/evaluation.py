"""Evaluation: the scores of a trained model on its test set."""

from __future__ import annotations

import copy
import hashlib
from pathlib import Path

import torch
from mmengine.config import Config
from mmengine.runner.checkpoint import load_state_dict
from rich.console import Console
from torch import distributed

from semsynth.apis.building import TRAINED_ONLY, build_for_inference, open_model, warn_untrained
from semsynth.apis.publishing.folder import CARD
from semsynth.arguments import check_arguments
from semsynth.completion import work_dir_of
from semsynth.config_files import find_config, is_config
from semsynth.engine.launch import build_runner
from semsynth.engine.wrapping import bare
from semsynth.evaluators import build_report, report_tables, settings_in, write_report
from semsynth.weights import hash_weights
from semsynth.writing import check_out_file, hash_settings, place_of_result

TRAINING_ENTRIES = ('train_dataloader', 'train_cfg', 'optim_wrapper', 'param_scheduler', 'val_dataloader', 'val_cfg',
                    'val_evaluator')


@check_arguments
def evaluate(model: str | Path | Config, checkpoint: str | Path | None = None, *, out: str | Path | None = None,
             launcher: str = 'none', cfg_options: dict | None = None, styles: str | Path | None = None) -> dict:
    """Judge a model by its config's ``test_evaluator``, print the scores, and write the result file.

    Args:
        model: path of a checkpoint, which carries its config; or a config, its path or its name, beside the checkpoint.
        checkpoint: path, only beside a config; with a config alone the untrained generator is judged.
        out: the result file; by default ``results_CHECKPOINT.json`` beside the checkpoint, in the work dir without
            one. Where ``cfg_options`` change data, judges or network, or that file holds the result of other settings,
            the name ends in eight digits that stand for the settings: a result replaces the same one alone.
        launcher: ``'none'``, ``'pytorch'`` under torchrun, ``'slurm'`` under srun; ranks share the set.
        cfg_options: entries of the config to override.
        styles: file of styles; each scene's are drawn from it, by the scene's name. A model with styles needs one.

    Returns:
        The report that the result file holds.

    Raises:
        ValueError: the config has no ``test_evaluator``, the checkpoint does not fit, an evaluator cannot judge layouts
            with the model's classes; a model with styles has no file of them: a photo's own styles would say what it
            looks like; or ``out`` is read, is no place for a file, or holds something else.
    """
    trained = open_model(model, checkpoint, cfg_options)
    own = open_model(model, checkpoint).config if cfg_options else copy.deepcopy(trained.config)
    config, checkpoint, source = trained.config, trained.checkpoint, str(trained.config.filename)
    if checkpoint is None and not isinstance(model, Config):
        warn_untrained(config)
    if styles:
        config.model.styles = str(styles)
    if not isinstance(model, Config) and (folder := find_config(model)).is_dir():
        card = folder / CARD
        raise ValueError(f'{model} is a published model, which has no test set and no judge; its scores are in {card}. '
                         'To judge it again, name a config that has both before its weights: semsynth test CONFIG '
                         f'{checkpoint}')
    if not config.get('test_evaluator'):
        raise ValueError(f'{config.filename} has no test_evaluator: say how results are judged, as '
                         "semsynth::ecgan/ecgan_toycity.py does, with dict(type='SegmentationEvaluator', judge=...).")
    work_dir = Path(checkpoint).parent if checkpoint else work_dir_of(config)
    usual = work_dir / f'results_{Path(checkpoint).stem if checkpoint else "untrained"}.json'
    check_out_file(usual if out is None else out, (config.filename, checkpoint, config.model.get('styles')))
    network = build_for_inference(config, checkpoint, trained.stored)
    if network.style_channels and network.styles is None:
        raise ValueError('The model was trained with styles, and the photos that judge it must not give them: '
                         'make a file of styles with semsynth encode_styles and name it with --styles.')
    weights = network.state_dict() if checkpoint else None
    judged = _judged(config)
    config.model.update(TRAINED_ONLY)
    for entry in TRAINING_ENTRIES:
        config[entry] = None
    config.default_hooks = {name: hook for name, hook in config.default_hooks.items() if name in ('timer', 'logger')}
    config.default_hooks.update(dict.fromkeys(('runtime_info', 'param_scheduler', 'checkpoint', 'sampler_seed')))
    config.custom_hooks = []
    config.load_from, config.resume, config.precision = None, False, 'float32'
    if not is_config(source):  # a checkpoint's own, which mmengine writes into the work dir
        config = Config(config.to_dict(), filename=f'{Path(source).stem}.py', cfg_text=source)
    runner = build_runner(config, work_dir=work_dir / 'test', launcher=launcher)
    if weights is not None:  # else all ranks have the weights that the config's seed gives
        load_state_dict(bare(runner.model), weights, strict=True)  # torch's own does not look into ranks' wrappers
    evaluators, layouts = runner.test_loop.evaluator.metrics, network.data_preprocessor
    for evaluator in evaluators:
        evaluator.check_layout(layouts.num_classes, layouts.unknown)
    facts = {'styles': facts_of_styles(config.model.styles)} if network.styles else {}
    settings = hash_settings(
        judged=judged, weights=hash_weights(network), scenes=len(runner.test_loop.dataloader.dataset),
        data_root=str(Path(config.test_dataloader.dataset.get('data_root', '')).resolve()),
        judges=[evaluator.protocol | dict(type=type(evaluator).__name__) for evaluator in evaluators],
        styles=facts.get('styles', {}).get('hash'))
    path = place_of_result(out, usual, settings, settings_in, own=judged == _judged(own))
    scores = runner.test()
    meta = trained.meta
    report = build_report(scores, evaluators, meta.get('label_generator'), meta.get('loss_networks'),
                          settings=settings, config=source, checkpoint=str(checkpoint) if checkpoint else 'untrained',
                          weights=hash_weights(network),
                          iterations=meta.get('iter', 0), losses=meta.get('loss_protocols', {}),
                          device=torch.cuda.get_device_name() if torch.cuda.is_available() else 'CPU',
                          **facts)
    if not distributed.is_initialized() or distributed.get_rank() == 0:
        write_report(path, report)
        console = Console()
        for table in reversed(report_tables(report)):
            console.print(table)
        console.print(f'Written to {path}')
    if launcher != 'none':
        distributed.destroy_process_group()
    return report


def _judged(config: Config) -> dict:
    """The settings that scores depend on; where the data are and in which order they are read does not matter."""
    dataset = {key: value for key, value in config.test_dataloader.dataset.to_dict().items() if key != 'data_root'}
    model = {key: value for key, value in config.model.to_dict().items() if key not in (*TRAINED_ONLY, 'styles')}
    return dict(dataset=dataset, test_evaluator=Config(dict(each=config.get('test_evaluator'))).to_dict(), model=model)


def facts_of_styles(styles: str) -> dict[str, str]:
    """The path and the hash of a file of styles, for the result file."""
    return dict(file=styles, hash=hashlib.sha256(Path(styles).read_bytes()).hexdigest()[:16])

"""Checks that the rows of an ablation are trained and judged under equal conditions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from mmengine.config import Config
from mmengine.registry import DefaultScope

from semsynth.config import load_config, stage_configs
from semsynth.engine.launch import check_data, check_synthesizer, check_trainable
from semsynth.engine.stages import check_last_is_saved
from semsynth.registry import EVALUATORS, MODELS
from semsynth.studies.ablation.rows import Row

DATA_PARTS = ('edges', 'instances')
"""Arguments of a data set that belong to a method: what is read of the same scenes."""
LOADING = ('num_workers', 'persistent_workers', 'pin_memory', 'prefetch_factor')
"""Arguments of a data loader that no sample depends on."""
NEEDED = ('train_cfg', 'train_dataloader', 'optim_wrapper', 'test_dataloader', 'test_evaluator')


def check_conditions(rows: Sequence[Row], allow_unequal: bool = False) -> None:
    """Refuse rows that are not trained and judged under equal conditions; or fill in the rows' ``unequal``.

    Args:
        rows: those after the first are compared with it.
        allow_unequal: whether conditions may differ.

    Raises:
        ValueError: a row is no config of a synthesizer, or lacks what it is trained or judged by; or length of
            training, batches, precision, data set, initial weights or judge differ.
    """
    for row in rows:
        check_synthesizer(row.config)
        last = load_config(row.config)
        if missing := [key for key in NEEDED if not last.get(key)]:
            raise ValueError(f'{row.config.filename} has no {", ".join(missing)}, and a row of an ablation is trained '
                             'and judged: put a data set, a schedule and a judge of semsynth::_base_ among its _base_.')
        check_last_is_saved(last, row.config.filename, 'an ablation judges')
    first, *others = rows
    for row in others:
        found = config_differences(_conditions(row.config), _conditions(first.config))
        if found and not allow_unequal:
            key, one, other = found[0]
            raise ValueError(f'{row.config.filename} and {first.config.filename} differ in {key} ({one} and {other}), '
                             'but the rows of an ablation are compared under equal conditions: make them equal, for '
                             'instance with --cfg-options, move one of them to another folder, or have it said in the '
                             'table, with --allow-unequal.')
        row.unequal = {key: (one, other) for key, one, other in found}


def check_batches(rows: Sequence[Row], ranks: int) -> None:
    """Refuse batches that cannot be shared among the ranks of a run.

    Raises:
        ValueError: a batch size is no multiple of the number of ranks.
    """
    for row in rows:
        for stage in stage_configs(row.config):
            if (size := stage.train_dataloader.batch_size) % ranks:
                raise ValueError(f'{row.config.filename}: train_dataloader.batch_size={size}, which --gpus-per-run '
                                 f'{ranks} cannot share out evenly: take a number that divides {size}, or set another '
                                 'batch_size with --cfg-options.')


def config_differences(one: Any, other: Any, key: str = '') -> list[tuple[str, Any, Any]]:
    """Dotted key and both values (None for none) of each place in which two configs, or parts of them, differ."""
    if isinstance(one, dict) and isinstance(other, dict):
        parts = [(name, one.get(name), other.get(name)) for name in dict.fromkeys([*one, *other])]
    elif isinstance(one, list | tuple) and isinstance(other, list | tuple) and len(one) == len(other):
        parts = list(zip(range(len(one)), one, other, strict=True))
    else:
        return [] if one == other else [(key, one, other)]
    return [each for name, mine, theirs in parts
            for each in config_differences(mine, theirs, f'{key}.{name}' if key else str(name))]


def _conditions(config: Config) -> dict[str, Any]:
    """What is to be equal: with stages, what belongs to training is a list of each stage's."""
    stages = [stage.to_dict() for stage in stage_configs(config)]
    training = dict(
        train_cfg=[{length: stage['train_cfg'].get(length) for length in ('max_iters', 'max_epochs')}
                   for stage in stages],
        train_dataloader=[{key: value for key, value in stage['train_dataloader'].items() if key not in LOADING}
                          | dict(dataset=_scenes(stage['train_dataloader'])) for stage in stages])
    if len(stages) == 1:
        training = {key: value for key, [value] in training.items()}
    start = {key: stages[0].get(key) for key in ('load_from', 'carry_from')}
    return {**training, **start, 'precision': config.get('precision', 'auto'),
            'test_dataloader': dict(dataset=_scenes(stages[-1]['test_dataloader'])),
            'test_evaluator': stages[-1]['test_evaluator']}


def _scenes(loader: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in loader['dataset'].items() if key not in DATA_PARTS}


def check_rows(rows: Sequence[Row]) -> None:
    """Build every row's model, and the judges, and look at some of its data; fills in the rows' ``parameters``.

    Raises:
        ValueError: a judge has the very weights of a row's label generator, a model or a judge cannot be built, or a
            stage cannot be trained.
        DataError: files are missing, unpaired or unsound.
        FileNotFoundError: weights are missing.
    """
    with DefaultScope.overwrite_default_scope('semsynth'):
        judges_of = {}  # of the evaluators in words: rows have the same ones, as a rule
        for row in rows:
            with _named(row):
                for stage in stage_configs(row.config):
                    check_trainable(stage)
                config = load_config(row.config)
                if (words := str(config.test_evaluator)) not in judges_of:
                    judges_of[words] = _judges(config)
                judges = judges_of[words]
                check_data(config)
                model = MODELS.build(config.model)
            weights = model.segmentor.weights_hash if model.segmentor is not None else None
            if weights in judges:
                raise ValueError(
                    f"{row.config.filename}: test_evaluator's {judges[weights]} has the very weights ({weights}) of "
                    f'model.segmentor, the label generator that the losses read, so its scores would say little: '
                    'judge by another network.')
            row.parameters = dict(generator=sum(p.numel() for p in model.generator.parameters()),
                                  trainable=sum(p.numel() for p in model.parameters() if p.requires_grad))
            row.has_styles = bool(model.style_channels)


def _judges(config: Config) -> dict[str, str]:
    """Names of the judges in a config's evaluators by the hash of their weights."""
    evaluators = config.test_evaluator if isinstance(config.test_evaluator, list) else [config.test_evaluator]
    # not on a GPU, which the runs may need for themselves
    built = [EVALUATORS.build(part, default_args=dict(device='cpu')) for part in evaluators]
    return {weights: name for evaluator in built for name, weights in evaluator.judges.items()}


@contextmanager
def _named(row: Row) -> Iterator[None]:
    """A context in which errors of parts, which do not know their config, get its name."""
    try:
        yield
    except Exception as error:
        error.add_note(f'(The row is {row.config.filename}.)')
        raise

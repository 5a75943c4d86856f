"""From a config's file to what runs: read, overridden, split into stages; ``semsynth.completion`` fills in the rest.

Settings at the top level reach the parts that they are for here, and nowhere else: ``data_root`` every data set,
``image_size`` every data set and a generator with a latent, ``batch_size`` every data loader, ``micro_batch`` the
model, ``data_preprocessor`` the model and, with what it says of layouts, every data set.
"""

from __future__ import annotations

import copy
import inspect
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from mmengine.config import Config

from semsynth.config_files import import_modules, read_file
from semsynth.data.pipeline import whole_pipeline
from semsynth.data.scene_dataset import SceneDataset
from semsynth.registry import DATASETS, GENERATORS
from semsynth.settings import check_names, check_options, check_setting, check_settings

LOADERS = ('train_dataloader', 'val_dataloader', 'test_dataloader')
REACHED = dict(data_root=('data_root',), image_size=('size', 'image_size'), batch_size=('batch_size',),
               micro_batch=('micro_batch',))
"""What parts call the settings that reach them."""
MOST_AT_ONCE = 4
"""Images of a batch of validation or testing that has no number of its own: a judge may see each at its full size."""
KEPT = ('judge', 'val_evaluator', 'test_evaluator', 'diversity_evaluator')
"""Parts with sizes of their own."""


def load_config(config: str | Path | Config, cfg_options: dict | None = None) -> Config:
    """Read a config and override entries of it; where it has stages, it becomes the last one's.

    Args and errors are those of ``read_config``.
    """
    return stage_configs(read_config(config, cfg_options))[-1]


def read_config(config: str | Path | Config, cfg_options: dict | None = None) -> Config:
    """Read a config and override entries of it.

    Args:
        config: path, a name such as ``'semsynth::ecgan/ecgan_toycity.py'``, or a config that is read already (it is
            copied).
        cfg_options: ``{'train_cfg.max_iters': 100}``; ``data_root``, ``image_size``, ``batch_size`` and
            ``micro_batch`` reach all parts that they are for.

    Raises:
        FileNotFoundError: there is no such file, or none that it is based on.
        SyntaxError: it is no Python; the message names the file.
        ValueError: it is based on itself, cannot be run, or has an entry that is no setting or cannot be right; or an
            option would not reach what it is for.
    """
    config, used = (copy.deepcopy(config), None) if isinstance(config, Config) else read_file(config)
    check_options(config, cfg_options or ())
    for _, dataset in scene_datasets(config):
        if dataset.get('pipeline') and dataset.get('size') and is_composed(dataset):
            del dataset['pipeline']  # completing it composes it anew, of what options may have changed
    merge_options(config, cfg_options)
    if any(name.startswith(LOADERS) for name in cfg_options or ()):
        config.pop('layouts', None)  # the data sets, which options have changed, say it anew
    _check(config, used, cfg_options or ())
    if any(name.startswith('custom_imports') for name in cfg_options or ()):
        import_modules(config, config.filename or 'The config')
    _check_reached(config, cfg_options or {})
    return config


def stage_config(config: Config, number: int) -> Config:
    """The config of one stage, as if it had been written by itself.

    Args:
        config: with ``stages=[dict(...), ...]``, each of them overrides of the rest of the config.
        number: of the stage, from 1.

    Raises:
        ValueError: ``stages`` is no list of dicts, or has no such number; or two entries say different things.
    """
    stages = config.stages
    if not isinstance(stages, list | tuple) or not all(isinstance(stage, dict) for stage in stages):
        raise ValueError(f'stages={stages}: write a list of dicts, each with what differs in that stage.')
    if not 1 <= number <= len(stages):
        raise ValueError(f'There is no stage {number}: the config has {len(stages)} stages, counted from 1.')
    resolved = copy.deepcopy(config)
    overrides = resolved.pop('stages')[number - 1]
    # mmengine shares a logger and its history between the runs of one name
    resolved.experiment_name = f'{config.get("experiment_name") or Path(config.filename or "run").stem}_stage_{number}'
    check_names(config, overrides)
    for key, value in overrides.items():  # one by one: together, mmengine lets 'a' replace an 'a.b.c' before it
        merge_options(resolved, {key: value})
    _check(resolved)
    return _share(resolved)


def stage_configs(config: Config) -> list[Config]:
    """The config of every stage, or of the one run of a config without ``stages``."""
    if not config.get('stages'):
        return [_share(copy.deepcopy(config))]
    return [stage_config(config, number) for number in range(1, len(config.stages) + 1)]


def merge_options(config: Config, options: Mapping | None) -> Config:
    """Override entries of a config, in place, as ``--cfg-options`` does.

    What a part has taken from a setting of ``REACHED`` changes with it; a part's own value stays.

    Args:
        config: the config.
        options: dotted keys and their values, or None.
    """
    options = dict(options or {})
    for name, keys in REACHED.items():
        if name in options and name in config:
            for entry, part in config.items():
                if entry not in KEPT:
                    _replace(part, keys, config[name], options[name])
    for name, value in options.items():
        _check_place(config._cfg_dict, name, value)
    config.merge_from_dict(options)
    return config


def _check(config: Config, used: Mapping[str, bool] | None = None, options: Iterable[str] = ()) -> None:
    """Refuse settings that cannot be, also in data sets of scenes, whose pipelines are made before they are built."""
    check_settings(config, used, options)
    annotations = inspect.get_annotations(inspect.unwrap(SceneDataset.__init__), eval_str=True)
    for place, dataset in scene_datasets(config):
        for name in annotations.keys() & dataset.keys():
            check_setting(config, f'{place}.{name}', dataset[name], annotations[name], options)


def _check_place(config: dict, name: str, value: Any) -> None:
    """Refuse an option whose name leads into what has no entries of its own."""
    node: Any = config
    keys = name.split('.')
    for number, key in enumerate(keys):
        place = '.'.join(keys[:number])
        if not key or not isinstance(node, dict | list | tuple):
            raise ValueError(f'{name} as an option leads nowhere: ' + (
                f'{place}={node!r} has no entries.' if key else 'there is no name before or after a dot.'))
        if isinstance(node, list | tuple):
            is_last, entry = key == keys[-1], node[int(key)] if key.isdecimal() and int(key) < len(node) else None
            if isinstance(node, tuple) or not isinstance(entry, dict) or (is_last and not isinstance(value, dict)):
                raise ValueError(f'{name} as an option leads nowhere: {place} is a list of {len(node)}, of which only '
                                 'dicts are changed one by one, by their number from 0 on; set it whole.')
            node = entry
        elif key not in node:
            return  # a new entry
        else:
            node = node[key]


def dataset_of(config: Config, split: str) -> dict:
    """The settings of a config's data set.

    Args:
        config: the config.
        split: ``'train'``, ``'val'`` or ``'test'``.

    Raises:
        ValueError: it has none.
    """
    loader = config.get(f'{split}_dataloader') or {}
    if 'dataset' not in loader:
        raise ValueError(f'{config.filename or "The config"} has no {split}_dataloader with a dataset: put a data set '
                         'of semsynth::_base_ among its _base_.')
    return loader['dataset']


def scene_datasets(config: Mapping) -> Iterator[tuple[str, dict]]:
    """The place and the settings of every data set of scenes of a run, those in wrappers of data sets included."""
    places = {f'{loader}.dataset': (config.get(loader) or {}).get('dataset') for loader in LOADERS}
    pictures = (config.get('default_hooks') or {}).get('pictures') or {}
    for place, node in {**places, 'default_hooks.pictures.dataset': pictures.get('dataset')}.items():
        yield from ((place, dataset) for dataset in _scenes_in(node))


def plain(value: Any) -> Any:
    """A setting as a config's text tells it: tuples are lists, keys and objects text."""
    if isinstance(value, Mapping):
        return {str(key): plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [plain(part) for part in value]
    if isinstance(value, type):
        return value.__name__ if value.__module__ == 'builtins' else f'{value.__module__}.{value.__name__}'
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value if isinstance(value, str | int | float | None) else str(value)


def _scenes_in(node: object) -> Iterator[dict]:
    if isinstance(node, dict):
        kind = node.get('type')
        kind = DATASETS.get(kind) if isinstance(kind, str) and kind in DATASETS else kind
        if isinstance(kind, type) and issubclass(kind, SceneDataset):
            yield node
            return
    for part in node.values() if isinstance(node, dict) else node if isinstance(node, list | tuple) else ():
        yield from _scenes_in(part)


def is_composed(dataset: Mapping) -> bool:
    """Whether a pipeline is the one that the data set's other settings make."""
    try:
        composed = whole_pipeline(**{**dataset, 'pipeline': None})
    except (TypeError, ValueError, AttributeError):  # of settings that are refused later
        return False
    return plain(composed) == plain(dataset['pipeline'])


def _replace(node: object, keys: Sequence[str], old: Any, new: Any) -> None:
    if isinstance(node, dict):
        for key in keys:
            if key in node and plain(node[key]) == plain(old):
                node[key] = new
    for part in node.values() if isinstance(node, dict) else node if isinstance(node, list | tuple) else ():
        _replace(part, keys, old, new)


def _check_reached(config: Config, options: Mapping) -> None:
    """Refuse options that would not reach what they are for."""
    for place, dataset in scene_datasets(config) if 'image_size' in options else ():
        if dataset.get('pipeline'):
            raise ValueError(f'image_size as an option does not reach {place}, whose pipeline is written out: set the '
                             f'sizes in {place}.pipeline.')
    own = (config.get('train_dataloader') or {}).get('batch_size')
    if 'batch_size' in options and own not in (None, options['batch_size']):
        raise ValueError(f'batch_size as an option does not reach train_dataloader, which has batch_size={own}: set '
                         'train_dataloader.batch_size.')


def _share(config: Config) -> Config:
    """Let settings at the top level reach the parts that do not have them, in place.

    Raises:
        ValueError: a pipeline is given beside a size that it contradicts, or ``data_preprocessor`` names no type.
    """
    layouts = _share_preprocessor(config)
    if config.get('micro_batch') is not None and 'generator' in (config.get('model') or {}):
        config.model.setdefault('micro_batch', config.micro_batch)
    for name in LOADERS:
        if config.get(name):
            _fill_loader(config[name], config.get('batch_size'), is_training=name == 'train_dataloader')
    for place, dataset in scene_datasets(config):
        if config.get('data_root') is not None:
            dataset.setdefault('data_root', config.data_root)
        dataset.setdefault('instances', bool(layouts.get('instances')))
        if layouts.get('raw_channels'):
            dataset.setdefault('raw_channels', layouts['raw_channels'])
        if dataset.get('pipeline') is None:
            if config.get('image_size'):
                dataset.setdefault('size', config.image_size)
        elif dataset.get('size') and not is_composed(dataset):
            raise ValueError(f'{place} has size={tuple(dataset["size"])} and a pipeline that is not made of it: drop '
                             'one of the two.')
    generator = (config.get('model') or {}).get('generator') or {}
    if generator.get('latent_dim') and config.get('image_size') and _takes(generator.get('type'), 'image_size'):
        generator.setdefault('image_size', config.image_size)
    return config


def _share_preprocessor(config: Config) -> Mapping:
    """Put the data set's preprocessor into the model; returns the model's, or the data set's where there is none."""
    shared, model = config.get('data_preprocessor'), config.get('model')
    if not shared:
        return (model or {}).get('data_preprocessor') or {}
    if 'type' not in shared:
        raise ValueError(f'data_preprocessor={dict(shared)} names no type: where the model has one already, set '
                         f'{", ".join(f"model.data_preprocessor.{name}" for name in shared)}.')
    if not model:
        return shared
    own = model.get('data_preprocessor') or {}
    if own.get('type', shared['type']) == shared['type']:
        model['data_preprocessor'] = {**shared, **own}
    config.pop('data_preprocessor')
    return model['data_preprocessor']


def _fill_loader(loader: dict, batch_size: int | None, is_training: bool) -> None:
    if batch_size is not None:
        loader.setdefault('batch_size', batch_size if is_training else min(batch_size, MOST_AT_ONCE))
    if 'dataset' in loader and not loader.get('sampler'):
        loader['sampler'] = dict(type='ResumableSampler', shuffle=True) if is_training else dict(
            type='DefaultSampler', shuffle=False)
        loader.setdefault('persistent_workers', bool(loader.get('num_workers')))
        if is_training:
            loader.setdefault('drop_last', True)


def _takes(kind: object, argument: str) -> bool:
    kind = GENERATORS.get(kind) if isinstance(kind, str) else kind
    return isinstance(kind, type) and argument in inspect.signature(kind).parameters

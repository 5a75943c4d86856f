"""The label maps of which images are made: those of the model's training split, or any others."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from mmengine.config import Config
from mmengine.registry import DefaultScope

from semsynth.apis import Inferencer
from semsynth.apis.layout_files import LayoutFile
from semsynth.config import dataset_of, scene_datasets
from semsynth.errors import DataError
from semsynth.registry import DATASETS

OTHERS = 'name label maps, or folders of them, with --layouts'


def find_maps(inferencer: Inferencer, layouts: Sequence[str | Path] = (),
              instances: str | Path | None = None) -> list[LayoutFile]:
    """The label maps to make images of, sorted by name.

    Args:
        inferencer: of the trained model.
        layouts: label maps, or folders that hold some; by default those that the model was trained on.
        instances: folder of their instance maps; by default as of ``Inferencer.find``.

    Raises:
        ValueError: the model reads image-like inputs; nothing says what it was trained on; or instance maps are named
            without label maps.
        DataError: files are missing.
    """
    if not inferencer.classes:
        raise ValueError('The model reads image-like inputs, so that its images have no label maps to train on: use a '
                         'model that reads label maps.')
    if layouts:
        found = inferencer.find(layouts, instances, instances_optional=not inferencer.reads_instances)
        return sorted(found, key=lambda layout: layout.name)
    if instances:
        raise ValueError(f'instances={instances} belong to label maps: name these too, with --layouts.')
    return [LayoutFile(scene['name'], scene['seg_map_path'], scene.get('instance_path'))
            for scene in _training_scenes(inferencer)]


def training_scenes(config: Config) -> dict:
    """The settings of the one data set of scenes that a config trains on.

    Raises:
        ValueError: there is none, or a wrapper of several.
    """
    settings = dataset_of(config, 'train')
    found = [dataset for place, dataset in scene_datasets(config) if place.startswith('train')]
    if len(found) != 1 or found[0] is not settings:
        raise ValueError(f'{config.filename or "The config"} trains on {settings.get("type")}, but one data set of '
                         'scenes is expected, such as ToyCityDataset or PairedFolderDataset.')
    return settings


def _training_scenes(inferencer: Inferencer) -> list[dict]:
    """What the model's training split says of each of its scenes; with ``indices``, of those alone."""
    try:
        settings = training_scenes(inferencer.config)
    except ValueError:
        raise ValueError(f'The model does not say which label maps it was trained on: {OTHERS}.') from None
    try:
        with DefaultScope.overwrite_default_scope('semsynth'):
            dataset = DATASETS.build({**settings, 'edges': None})
    except DataError as error:
        raise DataError(f'{error} Or {OTHERS}.') from None
    return [dataset.get_data_info(place) for place in range(len(dataset))]

"""The label maps of which images are made: those of the model's training split, or any others."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from mmengine.registry import DefaultScope

from semsynth.apis import Inferencer
from semsynth.apis.layout_files import LayoutFile
from semsynth.config import dataset_of
from semsynth.data.scene_dataset import SceneDataset
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
        ValueError: the model reads image-like inputs; or nothing says what it was trained on.
        DataError: files are missing.
    """
    if not inferencer.classes:
        raise ValueError('The model reads image-like inputs, so that its images have no label maps to train on: use a '
                         'model that reads label maps.')
    if layouts:
        found = inferencer.find(layouts, instances, instances_optional=not inferencer.reads_instances)
        return sorted(found, key=lambda layout: layout.name)
    return [LayoutFile(scene['name'], scene['seg_map_path'], scene.get('instance_path'))
            for scene in _training_scenes(inferencer)]


def _training_scenes(inferencer: Inferencer) -> list[dict]:
    """What the model's training split says of each of its scenes; with ``indices``, of those alone."""
    try:
        settings = dataset_of(inferencer.config, 'train')
    except ValueError:
        raise ValueError(f'The model does not say which label maps it was trained on: {OTHERS}.') from None
    try:
        with DefaultScope.overwrite_default_scope('semsynth'):
            dataset = DATASETS.build({**settings, 'edges': None})
    except DataError as error:
        raise DataError(f'{error} Or {OTHERS}.') from None
    if not isinstance(dataset, SceneDataset):
        raise ValueError(f'The model was trained on {type(dataset).__name__}, which does not name its label maps: '
                         f'{OTHERS}.')
    return [dataset.get_data_info(place) for place in range(len(dataset))]

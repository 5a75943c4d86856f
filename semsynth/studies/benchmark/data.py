"""Benchmark of loading: the time of each transform of a pipeline, from the original data and from a resized copy."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import cv2
from mmengine.registry import DefaultScope
from torch import Tensor

from semsynth.config import dataset_of, load_config
from semsynth.data import Draw
from semsynth.data.prepare import resize_datasets
from semsynth.data.scene_dataset import SceneDataset
from semsynth.registry import DATASETS
from semsynth.studies.benchmark.measuring import Step, Version


def data(device: str, config: str | Path, copy: str | Path, scenes: int = 4,
         cfg_options: dict | None = None) -> list[list[Version]]:
    """Scenes of a config's training set, as one worker without further threads loads them.

    Args:
        device: must be ``'cpu'``.
        config: path.
        copy: folder for the resized copy of the scenes.
        scenes: how many, the first ones.
        cfg_options: entries of the config to override.

    Raises:
        ValueError: the device is another, or the config's data cannot be copied.
        DataError: files are missing or unsound.
    """
    if device != 'cpu':
        raise ValueError(f'device={device}, but data are loaded on the CPU: take cpu.')
    settings = {**dataset_of(load_config(config, cfg_options), 'train'), 'indices': scenes}
    dataset = _build(settings)
    resize_datasets([dataset], copy)
    places = {'all': None} | {type(part).__name__: place for place, part in enumerate(dataset.pipeline.transforms)}
    return [[Version({'scenes': len(dataset), 'from': source, 'transform': name},
                     partial(_step, {**settings, 'data_root': str(root)}, place),
                     'samples' if place is None else f'{source} {name}')
             for source, root in (('original', dataset.data_root), ('copy', copy)) for name, place in places.items()]]


def _build(settings: dict) -> SceneDataset:
    with DefaultScope.overwrite_default_scope('semsynth'):
        return DATASETS.build(settings)


def _step(settings: dict, place: int | None) -> Step:
    """All transforms on all scenes, or one of them on what those before it make."""
    cv2.setNumThreads(0)  # as data workers do
    dataset = _build(settings)
    if place is None:
        return lambda: [tensor for number in range(len(dataset))
                        for tensor in dataset[Draw(number, seed=number)]['inputs'].values()]
    *before, transform = dataset.pipeline.transforms[:place + 1]
    scenes = [dataset.get_data_info(number) for number in range(len(dataset))]
    for part in before:
        scenes = [part(scene) for scene in scenes]

    def step() -> list[Tensor]:
        for scene in scenes:
            transform({**scene, 'seg_fields': [*scene['seg_fields']]})
        return []

    return step

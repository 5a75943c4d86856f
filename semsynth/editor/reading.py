"""Scenes from files or arrays, as a data set's test pipeline makes them."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import numpy as np

from semsynth.data.scene_dataset import SceneDataset
from semsynth.data.transforms import LoadInstances, LoadLabel, PackScene
from semsynth.label_spaces import LabelSpace

Source = str | Path | np.ndarray


def read_scene(dataset: SceneDataset, label: Source | None = None, instance: Source | None = None,
               photo: Source | None = None) -> tuple[Any, Any, Any]:
    """A scene's parts, any of which may be absent.

    Args:
        dataset: whose label space, and whose pipeline files go through: they are resized to what its model reads.
        label: path of a label map in the data set's ids, or class indices ``(H, W)``.
        instance: path of an instance map, or object ids ``(H, W)``.
        photo: path of a photo, or ``(H, W, 3)`` uint8 RGB.

    Returns:
        Label map ``(H, W)`` uint8 (int64 above 256 classes), instance map ``(H, W)`` int64, and photo ``(H, W, 3)``
        uint8 RGB, each None where it was not asked for; arrays of the caller's are copied.

    Raises:
        DataError: a file cannot be read or does not fit.
        ValueError: arrays do not fit, or files and arrays are mixed.
    """
    given = [part for part in (label, instance, photo) if part is not None]
    paths = [isinstance(part, str | Path) for part in given]
    if not any(paths):
        return _check_arrays(cast(LabelSpace, dataset.label_space), *(None if part is None else np.asarray(part)
                                                    for part in (label, instance, photo)))
    if not all(paths):
        raise ValueError('Label map, instance map and photo are to be files, which are resized, or all arrays.')
    parts = dict(seg_map_path=label, instance_path=instance, img_path=photo)
    results: dict[str, Any] = dict(name='scene', seg_fields=[], label_space=dataset.label_space,
                   **{key: str(path) for key, path in parts.items() if path is not None})
    for transform in dataset.pipeline.transforms:
        if isinstance(transform, LoadLabel):
            results = transform(results) if label is not None else results
            results = LoadInstances()(results) if instance is not None else results
        elif not isinstance(transform, LoadInstances | PackScene):
            results = transform(results)
    photo = results.get('img')
    return (results.get('gt_seg_map'), results.get('instance_map'),
            None if photo is None else np.ascontiguousarray(photo[..., ::-1]))


def _check_arrays(space: LabelSpace, label: np.ndarray | None, instance: np.ndarray | None,
                  photo: np.ndarray | None) -> tuple:
    sizes = {}
    for name, array in dict(label=label, instance=instance).items():
        if array is not None:
            if array.ndim != 2 or not array.size or not np.issubdtype(array.dtype, np.integer):
                raise ValueError(f'{name} is an array {array.shape} of {array.dtype}, instead of (H, W) integers.')
            sizes[name] = array.shape
    if photo is not None:
        if photo.ndim != 3 or photo.shape[2] != 3 or photo.dtype != np.uint8:
            raise ValueError(f'photo is an array {photo.shape} of {photo.dtype}, instead of (H, W, 3) uint8 RGB.')
        sizes['photo'] = photo.shape[:2]
    if len(set(sizes.values())) > 1:
        raise ValueError('The sizes (height, width) differ: '
                         f'{", ".join(f"{name} {size}" for name, size in sizes.items())}.')
    if label is not None:
        if not 0 <= label.min() <= label.max() < space.num_classes:
            raise ValueError(f'label has the indices {label.min()}..{label.max()}, but there are {space.num_classes} '
                             f"classes, 0..{space.num_classes - 1}: arrays hold indices, files the data set's ids.")
        label = label.astype(np.uint8 if space.num_classes <= 256 else np.int64)
    return label, None if instance is None else instance.astype(np.int64), None if photo is None else photo.copy()



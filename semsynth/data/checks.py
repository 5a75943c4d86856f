"""Checks of a data set: all of it, or the cheap part that training runs itself."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np

from semsynth.data.files import DataError, read_ids, read_photo, read_size
from semsynth.data.scene_dataset import SceneDataset
from semsynth.data.transforms.loading import sizes_differ


@dataclass
class Report:
    """What a check of a whole data set found.

    Args:
        classes: names by index.
        problems: one sentence each.
        scenes: number of scenes.
        photos: number of scenes with a photo.
        sizes: number of label maps of each size (height, width).
        pixels: pixels of each class.
        images: label maps in which each class occurs.
    """

    classes: tuple[str, ...]
    problems: list[str]
    scenes: int = 0
    photos: int = 0
    sizes: Counter = field(default_factory=Counter)
    pixels: np.ndarray = field(init=False)
    images: np.ndarray = field(init=False)

    def __post_init__(self):
        self.pixels = np.zeros(len(self.classes), np.int64)
        self.images = np.zeros(len(self.classes), np.int64)

    def add(self, label: np.ndarray) -> None:
        """Count one label map of indices, ``(H, W)``."""
        counts = np.bincount(label.ravel(), minlength=len(self.classes))
        self.pixels += counts
        self.images += counts > 0
        self.sizes[label.shape] += 1


def check_dataset(dataset: SceneDataset, watch: Callable[[Iterable], Iterable] = iter) -> Report:
    """Read every file of a data set whole.

    Finds missing and unpaired files, empty splits, unreadable and truncated files, photos, label and instance maps of
    different size, JPEG label maps, ids that are no class.

    Args:
        dataset: may be built with ``lazy_init=True``, so that building does not raise the first problem.
        watch: wraps the scenes as they are done, to show progress.
    """
    scenes, problems = dataset.scan()
    report = Report(dataset.label_space.classes, problems, len(scenes), sum('img_path' in scene for scene in scenes))

    with ThreadPoolExecutor(os.cpu_count()) as pool:  # decoders release the interpreter's lock
        for label, found in watch(pool.map(lambda scene: _read(scene, dataset), scenes)):
            report.problems += found
            if label is not None:
                report.add(label)
    return report


def quick_check(dataset: object, headers: int = 200, whole: int = 4) -> None:
    """The cheap part, for the start of training: pairing, sizes by file headers, a few files read whole.

    Args:
        dataset: a :class:`SceneDataset`; another kind of dataset passes. Unless it is in ``test_mode``, it must have
            photos.
        headers: of how many scenes, spread over the data set, to compare the sizes.
        whole: how many to read whole.

    Raises:
        DataError: names the first problems, and the tool that lists all of them.
    """
    if not isinstance(dataset, SceneDataset):
        return
    scenes, problems = dataset.scan()
    if scenes and not dataset.test_mode and 'img_path' not in scenes[0]:
        problems.append(f'{dataset.folders["photo"]} holds no photos, and training needs them: add them, or train on '
                        'another split.')
    problems += [problem for scene in _spread(scenes, headers) for problem in _sizes(scene)]
    if not problems:
        problems += [problem for scene in _spread(scenes, whole) for problem in _read(scene, dataset)[1]]
    if problems:
        more = f' And {len(problems) - 3} problems more.' if len(problems) > 3 else ''
        raise DataError(f'{" ".join(problems[:3])}{more} `python tools/check_dataset.py CONFIG` checks every file.')


def _read(scene: dict, dataset: SceneDataset) -> tuple[np.ndarray | None, list[str]]:
    """The label map as indices, where it is sound, and the scene's problems."""
    problems, label = list(_sizes(scene)), None
    for key, read in dict(seg_map_path=read_ids, img_path=read_photo, instance_path=read_ids).items():
        if key in scene:
            try:
                content = read(scene[key])
                if key == 'seg_map_path':
                    label = dataset.label_space.to_indices(content, scene[key])
            except DataError as error:
                problems.append(str(error))
    return label, list(dict.fromkeys(problems))


def _sizes(scene: dict) -> Iterator[str]:
    paths = [scene[key] for key in ('seg_map_path', 'img_path', 'instance_path') if key in scene]
    try:
        sizes = [read_size(path) for path in paths]
    except DataError as error:
        yield str(error)
        return
    yield from (sizes_differ(path, size, paths[0], sizes[0])
                for path, size in zip(paths[1:], sizes[1:], strict=True) if size != sizes[0])


def _spread(scenes: list[dict], count: int) -> list[dict]:
    return [scenes[i] for i in sorted({round(place) for place in np.linspace(0, len(scenes) - 1, count)})] \
        if scenes else []

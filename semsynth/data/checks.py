"""Checks of a data set: all of it, or the cheap part that training runs itself."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np

from semsynth.data.files import DataError, read_edges, read_ids, read_photo
from semsynth.data.pipeline import photo_at_edges
from semsynth.data.raw_files import read_raw, read_raw_size
from semsynth.data.scene_dataset import KEYS, SceneDataset
from semsynth.data.transforms.edges import edges_of_photo
from semsynth.data.transforms.loading import sizes_differ


@dataclass
class Report:
    """What a check of a whole data set found.

    Args:
        classes: names by index; none where layouts are image-like inputs.
        problems: one sentence each.
        scenes: number of scenes.
        photos: number of scenes with a photo.
        sizes: number of layouts of each size (height, width).
        pixels: pixels of each class.
        images: label maps in which each class occurs.
        ranges: least and largest number in each channel of image-like inputs, as the files hold them.
    """

    classes: tuple[str, ...]
    problems: list[str]
    scenes: int = 0
    photos: int = 0
    sizes: Counter = field(default_factory=Counter)
    pixels: np.ndarray = field(init=False)
    images: np.ndarray = field(init=False)
    ranges: list[tuple[float, float]] = field(default_factory=list)

    def __post_init__(self):
        self.pixels = np.zeros(len(self.classes), np.int64)
        self.images = np.zeros(len(self.classes), np.int64)

    def add(self, layout: np.ndarray) -> None:
        """Count one label map of indices, ``(H, W)``, or one image-like input, ``(H, W, C)``."""
        self.sizes[layout.shape[:2]] += 1
        if layout.ndim == 2:
            counts = np.bincount(layout.ravel(), minlength=len(self.classes))
            self.pixels += counts
            self.images += counts > 0
        else:
            found = zip(layout.min((0, 1)).tolist(), layout.max((0, 1)).tolist(), strict=True)
            self.ranges = [(min(low, lowest), max(high, highest)) for (low, high), (lowest, highest) in
                           zip(found, self.ranges, strict=True)] if self.ranges else list(found)


def check_dataset(dataset: SceneDataset, watch: Callable[[Iterable], Iterable] = iter) -> Report:
    """Read every file of a data set whole.

    Finds missing and unpaired files, empty splits, unreadable and truncated files, photos, layouts and instance maps of
    different size, JPEG label maps, ids that are no class, image-like inputs of other channels.

    Args:
        dataset: may be built with ``lazy_init=True``, so that building does not raise the first problem.
        watch: wraps the scenes as they are done, to show progress.
    """
    scenes, problems = dataset.scan()
    # not metainfo's classes, which are a segmentor's where there is a class_map: the files are counted as they are
    classes = dataset.label_space.classes if dataset.label_space else ()
    report = Report(classes, problems, len(scenes), sum('img_path' in scene for scene in scenes))

    with ThreadPoolExecutor(os.cpu_count()) as pool:  # decoders release the interpreter's lock
        for layout, found in watch(pool.map(lambda scene: _read(scene, dataset), scenes)):
            report.problems += found
            if layout is not None:
                report.add(layout)
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
    """The layout (a label map as indices), where it is sound, and the scene's problems."""
    readers = dict(label=lambda path: dataset.label_space.to_indices(read_ids(path), path), photo=read_photo,
                   instance=read_ids, raw=lambda path: read_raw(path, dataset.raw_channels),
                   edge=lambda path: read_edges(path, photo_at_edges(
                       dataset.pipeline.transforms, dict(scene, seg_fields=[])).shape[:2]))
    problems, layout = list(_sizes(scene)), None
    for kind, key in KEYS.items():
        if key in scene:
            try:
                content = readers[kind](scene[key])
                if kind == dataset.layout_kind:
                    layout = edges_of_photo(content)[..., None] if kind == 'photo' else content
            except DataError as error:
                problems.append(str(error))
    return layout, list(dict.fromkeys(problems))


def _sizes(scene: dict) -> Iterator[str]:
    # edge maps may be of the photo as it is resized
    paths = [scene[key] for kind, key in KEYS.items() if key in scene and kind != 'edge']
    try:
        sizes = [read_raw_size(path) for path in paths]
    except DataError as error:
        yield str(error)
        return
    yield from (sizes_differ(path, size, paths[0], sizes[0])
                for path, size in zip(paths[1:], sizes[1:], strict=True) if size != sizes[0])


def _spread(scenes: list[dict], count: int) -> list[dict]:
    return [scenes[i] for i in sorted({round(place) for place in np.linspace(0, len(scenes) - 1, count)})] \
        if scenes else []

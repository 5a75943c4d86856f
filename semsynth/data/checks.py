"""Checks of a data set: of every file, or the quick ones that training runs when it starts."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from mmengine.logging import print_log

from semsynth.data.files import spread
from semsynth.data.pictures import read_edges, read_ids, read_palette, read_photo
from semsynth.data.pipeline import photo_at_edges
from semsynth.data.raw_files import read_raw, read_raw_size
from semsynth.data.report import Layout, Report
from semsynth.data.scene_dataset import KEYS, SceneDataset
from semsynth.data.transforms.edges import edges_of_photo
from semsynth.data.transforms.loading import sizes_differ
from semsynth.errors import DataError, first_few

QUICK_PIXELS = 2**27
"""Pixels of label maps that the quick check reads, which takes about a second."""


def check_dataset(dataset: SceneDataset, watch: Callable[[Iterable], Iterable] = iter) -> Report:
    """Read every file of a data set whole.

    Finds missing and unpaired files, empty splits, unreadable and truncated files, photos, layouts and instance maps of
    different size, JPEG label maps, ids that are no class, palettes that contradict one another, image-like inputs of
    other channels.

    Args:
        dataset: may be built with ``lazy_init=True``, so that building does not raise the first problem.
        watch: wraps the scenes as they are done, to show progress.
    """
    scenes, problems = dataset.scan()
    report = Report(dataset.label_space, problems, len(scenes), sum('img_path' in scene for scene in scenes))
    _read_all(scenes, dataset, report, watch)
    report.sum_up()
    return report


def quick_check(dataset: object, headers: int = 200, whole: int = 4, label_pixels: int = QUICK_PIXELS) -> None:
    """The cheap part, for the start of training: pairing, sizes by file headers, label maps as far as a second goes, a
    few files of each kind read whole. In small sets these are all.

    Args:
        dataset: a ``SceneDataset``; another kind of dataset passes. Unless it is in ``test_mode``, it must have
            photos.
        headers: of how many scenes, spread over the data set, to compare the sizes.
        whole: how many to read whole.
        label_pixels: of how many pixels the label maps are that are read, at most.

    Raises:
        DataError: names the first problems, and the tool that lists all of them.
    """
    if not isinstance(dataset, SceneDataset):
        return
    scenes, problems = dataset.scan()
    report = Report(dataset.label_space, problems)
    if scenes and not dataset.test_mode and 'img_path' not in scenes[0]:
        problems.append(f'{dataset.folders["photo"]} holds no photos, and training needs them: add them, or train on '
                        'another split.')
    for scene in spread(scenes, headers):
        _complain(report, scene, _sizes(scene))
    report.sum_up()
    if not problems:
        report = Report(dataset.label_space, problems)
        chosen = spread(scenes, whole)
        _read_all(chosen, dataset, report)
        if dataset.layout_kind == 'label' and report.sizes:
            height, width = next(iter(report.sizes))
            others = [scene for scene in spread(scenes, label_pixels // (height * width)) if scene not in chosen]
            kept = ('name', KEYS['label'])
            _read_all([{key: scene[key] for key in kept} for scene in others], dataset, report)
        report.sum_up()
    if problems:
        more = f' And {len(problems) - 3} problems more.' if len(problems) > 3 else ''
        raise DataError(f'{" ".join(problems[:3])}{more} `semsynth check_dataset CONFIG` checks every file.')
    for warning in report.one_class():
        print_log(f'{dataset.data_root}: {warning}', logger='current', level=logging.WARNING)


def check_classes(dataset: object, model: Mapping) -> None:
    """Compare the number of classes that a model's config declares with the data set's: no file is read.

    Args:
        dataset: a ``SceneDataset``; another kind of dataset passes.
        model: the config of a synthesizer or of an mmseg segmentor.

    Raises:
        ValueError: the model has less classes than the data set.
    """
    if not isinstance(dataset, SceneDataset):
        return
    count, names = dataset.metainfo['num_classes'], dataset.metainfo['classes']
    parts = {'data_preprocessor': model.get('data_preprocessor')}
    for key in ('decode_head', 'auxiliary_head'):
        heads = model.get(key)
        parts |= {f'{key}[{place}]': head for place, head in enumerate(heads)} if isinstance(heads, list | tuple) \
            else {key: heads}
    for name, part in parts.items():
        declared = (part or {}).get('num_classes')
        if declared is not None and declared < count:
            raise ValueError(f'model.{name}: num_classes={declared}, but the data set has {count} classes '
                             f'({first_few(names, 9)}): set num_classes={count}.')


def _read_all(scenes: Iterable[dict], dataset: SceneDataset, report: Report,
              watch: Callable[[Iterable], Iterable] = iter) -> None:
    with ThreadPoolExecutor(os.cpu_count()) as pool:  # decoders release the interpreter's lock
        for scene, layout, found in watch(pool.map(lambda scene: (scene, *_read(scene, dataset)), scenes)):
            _complain(report, scene, found)
            if layout is not None:
                report.add(layout)


def _complain(report: Report, scene: dict, sentences: Iterable[str]) -> None:
    for sentence in sentences:
        kind = sentence
        for key in KEYS.values():
            kind = kind.replace(scene.get(key, key), key)
        report.complain(scene['name'], sentence, kind)


def _read(scene: dict, dataset: SceneDataset) -> tuple[Layout | None, list[str]]:
    """What there is of the layout, where it can be read, and the scene's problems."""
    readers = dict(label=read_ids, photo=read_photo, instance=read_ids,
                   raw=lambda path: read_raw(path, dataset.raw_channels or 0),
                   edge=lambda path: read_edges(path, photo_at_edges(
                       dataset.pipeline.transforms, dict(scene, seg_fields=[])).shape[:2]))
    problems, layout = list(_sizes(scene)), None
    for kind, key in KEYS.items():
        if key in scene:
            try:
                content = readers[kind](scene[key])
                if kind == dataset.layout_kind:
                    layout = _counted(scene[key], kind, content)
            except DataError as error:
                problems.append(str(error))
    return layout, list(dict.fromkeys(problems))


def _counted(path: str, kind: str, content: np.ndarray) -> Layout:
    if kind != 'label':
        raw = edges_of_photo(content)[..., None] if kind == 'photo' else content
        ranges = list(zip(raw.min((0, 1)).tolist(), raw.max((0, 1)).tolist(), strict=True))
        return Layout(path, raw.shape[:2], {}, {}, ranges)
    if content.dtype in (np.uint8, np.uint16):  # faster than sorting
        pixels = np.bincount(content.ravel())
        ids = {number: int(pixels[number]) for number in pixels.nonzero()[0].tolist()}
    else:
        ids = dict(zip(*(each.tolist() for each in np.unique(content, return_counts=True)), strict=True))
    palette = read_palette(path) or []
    coloured = [(palette[number], number) for number in ids if 0 <= number < len(palette)]
    colours = [colour for colour, _ in coloured]
    return Layout(path, content.shape, ids,
                  {colour: number for colour, number in coloured if colours.count(colour) == 1}, [])


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

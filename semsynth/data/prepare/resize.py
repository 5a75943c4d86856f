"""Resized copies of data sets, so that scenes are not resized again each time they are read."""

from __future__ import annotations

import io
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image

from semsynth.data.pictures import read_ids
from semsynth.data.prepare.parts import Part, refuse, write_parts
from semsynth.data.resized import LOADING, NOTE, Size, in_words, loaded_late, read_note, size_of, write_note
from semsynth.data.scene_dataset import KEYS, SceneDataset
from semsynth.data.transforms import ResizeScene, ToSegmentorClasses
from semsynth.errors import DataError
from semsynth.writing import check_out_folder, encode_png

TIFF = ('.tif', '.tiff')


def resize_datasets(datasets: Sequence[SceneDataset], out: str | Path) -> dict[str, int]:
    """Write data sets as their pipelines resize them, in the same tree; scenes that are there are skipped.

    From the copy, a pipeline gives the same pixels: its ResizeScene finds everything at its size. Photos become PNG,
    image-like inputs ``.npy``; maps keep the ids of their files. Edge maps are not copied.

    Args:
        datasets: of one ``data_root``.
        out: folder of the copy, empty or begun before.

    Returns:
        The number of scenes by the folder of their layouts, such as ``gtFine/train``.

    Raises:
        ValueError: a pipeline would give other pixels from a copy, data sets contradict one another, or ``out`` holds
            something else.
        DataError: files cannot be read; one line a problem. The sound scenes are written all the same.
    """
    check_out_folder(out)
    if len(roots := {dataset.data_root for dataset in datasets}) > 1:
        raise ValueError(f'The data sets are in {" and ".join(sorted(roots))}, but a copy has one data_root: copy one '
                         'split at a time.')
    sizes: dict[str, Size] = {}
    parts: dict[Path, Part] = {}
    for dataset in datasets:
        resize = _resizing(dataset)
        size = sizes.setdefault(dataset.layout_folder, size_of(resize))
        if size != size_of(resize):
            raise ValueError(f'{dataset.layout_folder} is read at two sizes, {in_words(size)} and '
                             f'{in_words(size_of(resize))}: copy one split at a time, into folders of their own.')
        for number in range(len(dataset)):
            part = _part(dataset, number, resize, Path(out))
            known = parts.setdefault(part.paths[0], part)
            if len(part.paths) > len(known.paths):
                parts[part.paths[0]] = part
    write_note(out, {**_held(Path(out), sizes), **sizes})
    refuse(write_parts(list(parts.values()), 'Resizing'))
    return {dataset.layout_folder: len(dataset) for dataset in datasets}


def _resizing(dataset: SceneDataset) -> ResizeScene:
    transforms = dataset.pipeline.transforms
    before = (*LOADING.values(), ToSegmentorClasses)  # these change no size, and a pixel at a time
    first = next((part for part in transforms if not isinstance(part, before)), None)
    if not isinstance(first, ResizeScene):
        raise ValueError(f'{dataset.layout_folder}: a copy gives the same pixels only where ResizeScene comes right '
                         f'after loading, but in this pipeline {type(first).__name__ if first else "nothing"} does: '
                         'leave this split as it is.')
    if late := loaded_late(transforms):
        raise ValueError(f'{dataset.layout_folder}: {late[0]} comes after ResizeScene, so that what it loads keeps its '
                         'size, which a copy would change: leave this split as it is.')
    return first


def _held(out: Path, sizes: dict[str, Size]) -> dict[str, Size]:
    """The sizes in a copy that was begun before."""
    held = read_note(out)
    if not held and out.is_dir() and any(not path.name.startswith('.') for path in out.iterdir()):
        raise ValueError(f'{out} is not empty, and holds no {NOTE}: name an empty folder, or a copy that was begun '
                         'before.')
    for folder, size in sizes.items():
        if held.get(folder, size) != size:
            raise ValueError(f'{out / folder} holds a copy resized to {in_words(held[folder])}, but this config '
                             f'resizes to {in_words(size)}: name another folder.')
    return held


def _part(dataset: SceneDataset, number: int, resize: ResizeScene, out: Path) -> Part:
    scene = dataset.get_data_info(number)
    kinds = sorted((kind for kind in LOADING if KEYS[kind] in scene), key=lambda kind: kind != dataset.layout_kind)
    paths = [out / Path(scene[KEYS[kind]]).relative_to(dataset.data_root) for kind in kinds]
    return Part(tuple(path.with_suffix(_suffix(kind, path)) for kind, path in zip(kinds, paths, strict=True)),
                partial(_make, dataset, number, resize, kinds))


def _suffix(kind: str, path: Path) -> str:
    if kind == 'raw':
        return '.npy'
    return path.suffix if kind != 'photo' and path.suffix.lower() in TIFF else '.png'


def _make(dataset: SceneDataset, number: int, resize: ResizeScene, kinds: Sequence[str]) -> list[bytes]:
    """The files of a scene, in the order of ``kinds``."""
    scene = dataset.get_data_info(number)
    for kind, load in LOADING.items():
        scene = load()(scene) if kind in kinds else scene
    for kind, field in dict(label='gt_seg_map', instance='instance_map').items():
        if kind in kinds:  # loading checked the ids, and turned them into what the network reads
            scene[field] = read_ids(scene[KEYS[kind]])
    scene = resize(scene)
    encode = dict(photo=lambda path: encode_png(scene['img'][..., ::-1]), raw=lambda path: _npy(scene['raw']),
                  label=lambda path: _ids(scene['gt_seg_map'], path),
                  instance=lambda path: _ids(scene['instance_map'], path))
    return [encode[kind](scene[KEYS[kind]]) for kind in kinds]


def _npy(array: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def _ids(ids: np.ndarray, path: str) -> bytes:
    """A file of the kind that holds the ids."""
    if Path(path).suffix.lower() not in TIFF:
        return encode_png(ids)
    if ids.max() >= 2**31:
        raise DataError(f'{path} has the id {ids.max()}, but copies hold 31 bits: renumber its ids.')
    file = io.BytesIO()
    # Pillow writes no signed ids of 8 bits
    Image.fromarray(ids.astype(np.int32) if ids.dtype == np.int8 else ids).save(file, 'TIFF')
    return file.getvalue()

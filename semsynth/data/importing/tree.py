"""The tree that an import writes: photos, label maps and instance maps, as ``PairedFolderDataset`` reads them."""

from __future__ import annotations

import io
import os
import shutil
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path, PurePosixPath

import numpy as np
from PIL import Image
from rich.progress import track

from semsynth.data.importing.base import UNKNOWN, ImportedScene, ImportSource
from semsynth.data.pictures import PHOTO_SUFFIXES, read_orientation, read_size
from semsynth.data.prepare.parts import refuse
from semsynth.data.transforms.loading import sizes_differ
from semsynth.errors import DataError
from semsynth.visualise import palette_of
from semsynth.writing import cannot_write

Palette = Sequence[tuple[int, int, int]]
_FIRST_OBJECT = 256
"""Objects are numbered from it, or from the number of classes, in instance maps; what is no object has its class's id.
"""
_TURNS: dict[int, Callable[[np.ndarray], np.ndarray]] = {
    5: np.transpose, 6: partial(np.rot90, k=-1), 7: lambda array: np.rot90(array, 2).T, 8: np.rot90}
"""What the orientations of EXIF that swap height and width do to a picture."""


@dataclass
class Contents:
    """What was written.

    Args:
        pixels: of each class, the unknown one last.
        scenes: in how many scenes each class is.
        splits: the number of scenes of each split.
        sizes: how many photos have which height and width, upright.
        things: indices of the classes that have objects.
        remarks: for each kind of remark, how often it was made in which scenes.
    """

    pixels: np.ndarray
    scenes: np.ndarray
    splits: Counter[str] = field(default_factory=Counter)
    sizes: Counter[tuple[int, int]] = field(default_factory=Counter)
    things: set[int] = field(default_factory=set)
    remarks: dict[str, Counter[str]] = field(default_factory=dict)

    def add(self, name: str, split: str, scene: _Written) -> None:
        """Count a scene."""
        self.pixels += scene.pixels
        self.scenes += scene.pixels > 0
        self.splits[split] += 1
        self.sizes[scene.size] += 1
        self.things |= scene.things
        for remark, number in scene.remarks.items():
            self.remarks.setdefault(remark, Counter())[name] += number


def no_class(num_classes: int) -> int:
    """What label maps hold where there is no class: the largest id of 8 bits, or of 16 where there are more classes."""
    return 255 if num_classes <= 255 else 65535


def write_tree(source: ImportSource, splits: Mapping[str, str], folder: Path) -> Contents:
    """Write the scenes of a source; photos are copied as they are.

    Args:
        source: to read from, by several threads.
        splits: the split of each scene, by name.
        folder: an empty folder.

    Raises:
        DataError: scenes cannot be read, or photo and label map differ in size; a line each, for all of them.
        OSError: the folder cannot be written.
    """
    count = len(source.classes)
    contents = Contents(np.zeros(count + 1, np.int64), np.zeros(count + 1, np.int64))
    problems, palette = [], source.palette or palette_of(source.classes)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        results = pool.map(partial(_attempt, source, palette, splits, folder), source.names)
        try:
            for name, result in zip(source.names, track(results, 'Importing', len(source.names)), strict=True):
                if isinstance(result, DataError):
                    problems.append(str(result))
                    continue
                contents.add(name, splits[name], result)
        finally:
            pool.shutdown(cancel_futures=True)
    refuse(problems)
    return contents


@dataclass(frozen=True)
class _Written:
    """A scene that was written: pixels by class, its size, its things, and remarks on it."""

    pixels: np.ndarray
    size: tuple[int, int]
    things: set[int]
    remarks: Mapping[str, int]


def _attempt(source: ImportSource, palette: Palette, splits: Mapping[str, str], folder: Path,
             name: str) -> _Written | DataError:
    try:
        return _write(source, palette, source.scene(name), splits[name], folder)
    except DataError as error:
        return error


def _write(source: ImportSource, palette: Palette, scene: ImportedScene, split: str, folder: Path) -> _Written:
    count = len(source.classes)
    _check_names(scene)
    size = read_size(str(scene.photo))
    label, instance, remarks = _as_shown(scene, size)
    if label.max() >= count:
        raise DataError(f'{scene.name}: its label map holds the index {label.max()}, but there are {count} classes.')
    pixels = np.bincount(np.where(label == UNKNOWN, count, label).ravel(), minlength=count + 1)
    ids = np.where(label == UNKNOWN, no_class(count), label).astype(np.uint8 if count <= 255 else np.uint16)
    files = {f'labels/{split}/{scene.name}.png': encode_ids(ids, palette)}
    things: set[int] = set()
    if source.has_instances:
        objects = np.zeros_like(ids) if instance is None else instance
        present, numbers = np.unique(objects, return_inverse=True)
        numbers = numbers.reshape(ids.shape) - (present[0] == 0) + max(_FIRST_OBJECT, count)
        files[f'instances/{split}/{scene.name}.png'] = encode_ids(np.where(objects > 0, numbers, ids).astype(np.uint16))
        things = set(np.unique(label[(objects > 0) & (label != UNKNOWN)]).tolist())
    path = folder
    try:
        for name, content in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        path = folder / f'images/{split}/{scene.name}{scene.photo.suffix}'
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(scene.photo, path)
    except OSError as error:
        raise cannot_write(path, error) from error
    return _Written(pixels, size, things, remarks)


def _check_names(scene: ImportedScene) -> None:
    if PurePosixPath(scene.name).is_absolute() or '..' in PurePosixPath(scene.name).parts:
        raise DataError(f'A scene is called {scene.name}, which leads out of the folder: rename it.')
    if scene.photo.suffix.lower() not in PHOTO_SUFFIXES:
        raise DataError(f'{scene.photo}: photos with this ending are not read: save it as PNG or JPEG.')


def _as_shown(scene: ImportedScene, size: tuple[int, int]) -> tuple[np.ndarray, np.ndarray | None, Mapping[str, int]]:
    """Label and instance map of the photo as it is shown, upright, and the remarks."""
    orientation = read_orientation(str(scene.photo))
    if scene.label.shape == size:
        return scene.label, scene.instance, {**scene.remarks, **({} if orientation == 1 else {
            'photos that are shown turned (EXIF); their label maps are taken for drawn on the turned photo': 1})}
    if orientation in _TURNS and scene.label.shape == size[::-1]:
        turn = _TURNS[orientation]
        return turn(scene.label), None if scene.instance is None else turn(scene.instance), {
            **scene.remarks, 'photos that are shown turned (EXIF); their label maps were turned with them': 1}
    raise DataError(sizes_differ(str(scene.photo), size, f'the label map of {scene.name}', scene.label.shape))


def encode_ids(ids: np.ndarray, palette: Sequence[Sequence[int]] | None = None) -> bytes:
    """The PNG file of ids; of 8 bits with a palette, so that they can be looked at."""
    image, file = Image.fromarray(np.ascontiguousarray(ids)), io.BytesIO()
    if palette is not None and ids.dtype == np.uint8:
        colours = [value for colour in palette for value in colour]
        image.putpalette(colours + [0] * (3 * 256 - len(colours)))  # of fewer Pillow would save fewer bits
    image.save(file, 'PNG')
    return file.getvalue()

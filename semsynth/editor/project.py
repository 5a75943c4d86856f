"""Files of an edited layout: the project file, and maps as the data set stores them."""

from __future__ import annotations

import io
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import cast

import numpy as np
from PIL import Image

from semsynth.data.layout_reader import LayoutReader
from semsynth.editor import history
from semsynth.editor.scene import Kept, Scene, check_feather
from semsynth.errors import DataError
from semsynth.label_spaces import LabelSpace
from semsynth.safe_reading.arrays import read_npz
from semsynth.writing import check_out_file, write_png, write_whole

FORMAT = 3
"""Version of the project file; files of version 2 have neither a latent nor a kept photo."""
PAST = 'past.'
"""Begins the names of the arrays that hold edits."""


def save_project(path: str | Path, scene: Scene, classes: Sequence[str], styles_of: str,
                 past: Sequence[history.Step] = ()) -> Path:
    """Write a scene, the names of its classes, what its styles belong to, ``'objects'`` or ``'classes'``, and the last
    of the steps that led to it: one npz file without pickle, whole or not at all."""
    buffer = io.BytesIO()
    optional = {PAST + name: array for name, array in history.to_arrays(past, scene).items()} if past else {}
    if scene.latent is not None:
        optional['latent'] = np.array(scene.latent, np.float32)
    if scene.kept is not None:
        optional |= dict(photo=scene.kept.photo, edited=scene.kept.edited, feather=np.array(scene.kept.feather))
    np.savez_compressed(
        buffer, allow_pickle=False, format=FORMAT, classes=np.array(classes, np.str_), label=scene.label,
        instance=scene.instance, styles_of=styles_of, styled=np.array(list(scene.styles), np.int64),
        styles=np.array(list(scene.styles.values()), np.float32), **optional)
    return write_whole(path, buffer.getvalue())


def load_project(path: str | Path, classes: Sequence[str],
                 styles_of: str) -> tuple[Scene, Sequence[history.Step]]:
    """Read a project file that ``save_project`` wrote: the scene, and the steps that led to it, so far as it has them.

    Raises:
        DataError: there is no such file, it holds something else or too much, it was made with other classes, or its
            styles belong to something else.
    """
    if not Path(path).is_file():
        raise DataError(f'There is no project file {path}.')
    try:
        stored = read_npz(path)
        if stored['format'] not in (2, FORMAT):
            raise ValueError(f'format {stored["format"]} instead of {FORMAT}')
        if stored['classes'].ndim != 1 or stored['classes'].dtype.kind != 'U':
            raise ValueError('its classes have no names')
        theirs, owners = stored['classes'].tolist(), str(stored['styles_of'])
        styled, styles = stored['styled'], stored['styles']
        if styled.dtype.kind not in 'iu' or (styles.size and (styles.ndim, styles.dtype.kind) != (2, 'f')):
            raise ValueError(f'styles {styles.shape} of {styles.dtype} for {styled.shape} of {styled.dtype}')
        scene = Scene(stored['label'], stored['instance'],
                      {identity: tuple(style) for identity, style in
                       zip(styled.tolist(), styles.tolist(), strict=True)},
                      tuple(stored['latent'].ravel().tolist()) if 'latent' in stored else None,
                      _kept(stored) if 'photo' in stored else None)
        steps = {name.removeprefix(PAST): stored[name] for name in stored if name.startswith(PAST)}
        past = history.from_arrays(steps, scene, len(classes)) if steps else []
    except Exception as error:  # numpy and zipfile raise all sorts
        reason = f'it has no {error}' if isinstance(error, KeyError) else error
        raise DataError(f'{path} is no project file of the editor ({reason!s:.200}).') from error
    if theirs != list(classes):
        first = next((i for i, (a, b) in enumerate(zip(theirs, classes, strict=False)) if a != b), None)
        what = (f'{len(theirs)} classes instead of {len(classes)}' if first is None else
                f'the class {first} is {theirs[first]} instead of {classes[first]}')
        raise DataError(f'{path} was made with other classes than the model has ({what}): open it with a model of the '
                        'same data set.')
    if scene.styles and owners != styles_of:
        raise DataError(f'{path} has styles of {owners}, but the model reads styles of {styles_of}: open it with a '
                        f'model that reads {"" if owners == "objects" else "no "}instance maps.')
    return scene, past


def _kept(stored: dict[str, np.ndarray]) -> Kept:
    photo, edited, feather = stored['photo'], stored['edited'], stored['feather']
    if photo.ndim != 3 or photo.shape[2] != 3 or photo.dtype != np.uint8 or not photo.size:
        raise ValueError(f'a photo {photo.shape} of {photo.dtype}')
    if edited.shape != stored['label'].shape or edited.dtype != bool:
        raise ValueError(f'edits {edited.shape} of {edited.dtype} of a layout {stored["label"].shape}')
    return Kept(photo, edited, check_feather(feather.item()))


def export_scene(scene: Scene, image: np.ndarray, reader: LayoutReader, folder: Path, name: str,
                 taken: Collection[str | Path]) -> dict[str, Path]:
    """Write an image, and its layout as files of a data set, but over none of the files taken; as ``Editor.export``."""
    endings = [reader.suffixes[kind][0] for kind in ('label', 'instance')]
    label, instance = endings if endings[0] != endings[1] else ('_label.png', '_instance.png')
    for ending in (label, instance, f'{Path(instance).stem}.tif', '.png'):
        check_out_file(Path(folder, name + ending), taken)
    space = cast(LabelSpace, reader.label_space)
    written = write_instance(Path(folder, name + instance), scene.instance)  # first: it may be refused
    return dict(label=write_label(Path(folder, name + label), scene.label, space), instance=written,
                image=write_png(Path(folder, f'{name}.png'), image))


def write_label(path: Path, label: np.ndarray, space: LabelSpace) -> Path:
    """A label map in the data set's ids, PNG of 8 bits where they fit, else 16."""
    table = np.zeros(space.num_classes, np.uint16)
    present = np.unique(label).tolist()
    table[present] = [space.to_id(index) for index in present]
    ids = table[label]
    return _write(path, ids.astype(np.uint8) if ids.max() <= 255 else ids, 'PNG')


def write_instance(path: Path, instance: np.ndarray) -> Path:
    """An instance map, PNG of 16 bits; a TIFF of 32, with the ending .tif, where the ids need it.

    Raises:
        ValueError: the ids need more than 32 bits.
    """
    lowest, highest = int(instance.min()), int(instance.max())
    if 0 <= lowest <= highest < 2**16:
        return _write(path, instance.astype(np.uint16), 'PNG')
    if not -2**31 <= lowest <= highest < 2**31:
        raise ValueError(f'The instance map has the ids {lowest}..{highest}, but a file holds 32 bits: renumber them.')
    return _write(path.with_suffix('.tif'), instance.astype(np.int32), 'TIFF')


def _write(path: Path, ids: np.ndarray, kind: str) -> Path:
    buffer = io.BytesIO()
    Image.fromarray(ids).save(buffer, kind)
    return write_whole(path, buffer.getvalue())

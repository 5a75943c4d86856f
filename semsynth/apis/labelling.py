"""Label maps for photos that have none, by a segmentor."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image
from rich.progress import track

from semsynth.apis.training import usual_weights
from semsynth.arguments import check_arguments
from semsynth.data.files import find_by_stem, stem_of
from semsynth.data.importing.tree import encode_ids
from semsynth.data.layout_reader import photo_of
from semsynth.data.pictures import PHOTO_SUFFIXES
from semsynth.devices import find_device
from semsynth.errors import DataError, first_few
from semsynth.registry import SEGMENTORS
from semsynth.segmentors import Segmentor, label_photo
from semsynth.visualise import palette_of
from semsynth.writing import check_out_folder, write_json, write_whole

NOTE = 'labels.json'
"""Says which segmentor made the label maps of a folder."""
CLASSES = 'classes.txt'


@dataclass(frozen=True)
class Labelled:
    """Label maps that were made.

    Args:
        out: the folder that ``semsynth import`` takes.
        photos: the folder of the photos, or the one photo.
        classes: names by index.
        pixels: the number of pixels of each class, in the label maps that were made now.
        made: how many these are.
        present: how many were there before.
    """

    out: Path
    photos: Path
    classes: tuple[str, ...]
    pixels: np.ndarray
    made: int
    present: int


@check_arguments
def label_photos(photos: str | Path, out: str | Path, *, config: str, checkpoint: str | Path | None = None,
                 longest: int = 2048, device: str | None = None) -> Labelled:
    """Make a label map of each photo: ``OUT/masks/NAME.png``, and their classes in ``OUT/classes.txt``.

    ``semsynth import OUT --photos PHOTOS`` makes a data set of them. Label maps that are there are left as they are, so
    that a run that was cut off goes on.

    Args:
        photos: a folder of photos, with subfolders or none, or one photo.
        out: the folder to make.
        config: of the segmentor: a file, ``'mmseg::segformer/NAME.py'`` or ``'semsynth::segmentors/NAME.py'``.
        checkpoint: its weights; by default those that mmseg publishes for it, which are downloaded once, or that
            ``semsynth train_segmentor CONFIG`` has written.
        longest: photos with a longer side are shrunk for the segmentor, and their label maps enlarged again.
        device: such as ``'cuda'``; None takes the GPU where there is one.

    Raises:
        FileNotFoundError: there is no such config or checkpoint.
        DataError: there are no photos, or some cannot be read; a line each.
        ValueError: ``out`` is no place for it, or holds label maps of another segmentor.
    """
    photos, out = Path(photos), check_out_folder(out, reads=[photos], kept=[photos])
    if photos.is_file():
        stem = stem_of(photos.name, PHOTO_SUFFIXES)
        found = {} if stem is None else {stem: [str(photos)]}
    else:
        found = find_by_stem(photos, PHOTO_SUFFIXES)
    if not found:
        raise DataError(f'There are no photos in {photos}: name a photo, or a folder of photos, which end in '
                        f'{", ".join(PHOTO_SUFFIXES)}.')
    if twins := [paths for paths in found.values() if len(paths) > 1]:
        raise DataError(f'{first_few(twins[0])} would have one label map: keep one of them.')
    segmentor: Segmentor = SEGMENTORS.build(dict(
        type='Segmentor', config=config, checkpoint=str(checkpoint or usual_weights(config))))
    segmentor.to(find_device(device))
    _check_earlier(out, dict(config=config, weights=segmentor.weights_hash, longest=longest))
    palette = palette_of(segmentor.classes)
    write_whole(out / CLASSES, ''.join(
        f'{name} {" ".join(map(str, colour))}\n' for name, colour in zip(segmentor.classes, palette, strict=True)
    ).encode())
    todo = {name: paths[0] for name, paths in found.items() if not (out / f'masks/{name}.png').exists()}
    pixels, problems = np.zeros(segmentor.num_classes, np.int64), []
    for name, path in track(todo.items(), 'Labelling', len(todo)):
        try:
            label = _label(segmentor, photo_of(path), longest)
        except DataError as error:
            problems.append(str(error))
            continue
        pixels += np.bincount(label.ravel(), minlength=segmentor.num_classes)
        write_whole(out / f'masks/{name}.png', encode_ids(label, palette))
    if problems:
        raise DataError('\n'.join(problems))
    return Labelled(out, photos, segmentor.classes, pixels, len(todo), len(found) - len(todo))


def _label(segmentor: Segmentor, photo: np.ndarray, longest: int) -> np.ndarray:
    """The label map of a photo, ``(H, W)`` of 8 or 16 bits."""
    height, width = photo.shape[:2]
    scale = longest / max(height, width)
    dtype = np.uint8 if segmentor.num_classes <= 255 else np.uint16
    if scale >= 1:
        return label_photo(segmentor, np.ascontiguousarray(photo)).astype(dtype)
    small = Image.fromarray(photo).resize((max(1, round(width * scale)), max(1, round(height * scale))),
                                          Image.Resampling.BICUBIC, reducing_gap=3.0)
    label = Image.fromarray(label_photo(segmentor, np.array(small)).astype(np.int32))
    return np.asarray(label.resize((width, height), Image.Resampling.NEAREST)).astype(dtype)


def _check_earlier(out: Path, settings: dict) -> None:
    """Refuse a folder that holds anything but label maps by the same segmentor; write the note on it."""
    if out.is_dir() and any(out.iterdir()):
        try:
            earlier = json.loads((out / NOTE).read_bytes())
        except (OSError, ValueError):
            raise ValueError(f'{out} is not empty, and holds no {NOTE}: name another folder.') from None
        if earlier != settings:
            raise ValueError(f'{out} holds label maps by another segmentor ({earlier}), or of photos shrunk otherwise: '
                             'name another folder.')
    write_json(out / NOTE, settings)

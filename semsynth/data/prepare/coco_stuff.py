"""Preparation of COCO-Stuff: photos, label maps, and instance maps drawn from the outlines of the objects."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
from rich.progress import track

from semsynth.data.checks import check_dataset
from semsynth.data.coco_stuff import COCOStuffDataset
from semsynth.data.pictures import read_ids
from semsynth.data.prepare.archives import Read, download_files
from semsynth.data.prepare.parts import Part, counts_differ, refuse, write_parts
from semsynth.errors import DataError
from semsynth.writing import check_out_folder, encode_png

OFFICIAL = dict(train=118287, val=5000)
FIRST_OBJECT = 256
"""Number of a picture's first object: no class has it as its id."""
_FRACTION_BITS = 4


class Thing(NamedTuple):
    """One object: its picture's number, the id of its class in label maps, and the outlines of its parts."""

    picture: int
    id: int
    outlines: list[np.ndarray]


def prepare_coco_stuff(source: str | Path, out: str | Path) -> dict[str, int]:
    """Write ``images/SPLIT/NAME.jpg``, ``labels/SPLIT/NAME.png``, ``instances/SPLIT/NAME.png``, what is there skipped;
    then check all of it.

    Args:
        source: folder with train2017, val2017, stuffthingmaps_trainval2017 and annotations_trainval2017, each as a zip
            archive or unpacked.
        out: folder of the data set.

    Returns:
        The number of pictures of each split.

    Raises:
        DataError: an archive is absent, torn or another one, pictures are missing, or ``check_dataset`` finds problems;
            one line a problem.
    """
    source, out = Path(source), check_out_folder(out)
    labels = download_files(source, 'stuffthingmaps_trainval2017', ('stuffthingmaps',))
    annotations = download_files(source, 'annotations_trainval2017', ('annotations',))
    parts, counts = [], {}
    for split in OFFICIAL:
        photos = _by_stem(download_files(source, f'{split}2017'), split, 'jpg')
        maps = _by_stem(labels, split, 'png')
        things = _things(source, annotations, split)
        parts += [Part((out / f'images/{split}/{name}.jpg', out / f'labels/{split}/{name}.png',
                        out / f'instances/{split}/{name}.png'),
                       partial(_make, f'{split}2017/{name}', photos.get(name), maps.get(name), things[int(name)]))
                  for name in sorted(photos | maps)]
        counts[split] = len(photos)
    refuse(write_parts(parts, 'COCO-Stuff'))
    problems = counts_differ(source, counts, OFFICIAL)
    for split in OFFICIAL:
        dataset = COCOStuffDataset(str(out), split, lazy_init=True)
        watch = partial(track, description=f'Checking {split}', total=counts[split])
        problems += check_dataset(dataset, watch=watch).problems
    refuse(problems)
    return counts


def draw_instances(ids: np.ndarray, things: list[Thing]) -> np.ndarray:
    """Number the objects of a picture.

    An object's pixels are those of its class within its outlines, so that instance and label map never disagree on a
    border; of objects of one class that overlap, the last one wins.

    Args:
        ids: label map ``(H, W)`` as the file holds it.
        things: the objects, in the order of the annotations.

    Returns:
        ``(H, W)`` uint16: ``FIRST_OBJECT + place``, and the label map's id where there is no object.
    """
    instance = ids.astype(np.uint16)
    for place, thing in enumerate(things):
        inside = np.zeros(ids.shape, np.uint8)
        for outline in thing.outlines:
            # COCO's pixel i spans i to i + 1, OpenCV's is centred at i.
            points = np.round((outline - 0.5) * 2**_FRACTION_BITS).astype(np.int32)
            cv2.fillPoly(inside, [points], 1, shift=_FRACTION_BITS)
        instance[(inside == 1) & (ids == thing.id)] = FIRST_OBJECT + place
    return instance


def _make(name: str, photo: Read | None, label: Read | None, things: list[Thing]) -> tuple[bytes, bytes, bytes]:
    if photo is None or label is None:
        what = 'photo' if photo is None else 'label map'
        raise DataError(f'{name} has no {what} in the downloads: download or unpack them again.')
    content = label()
    ids = read_ids(f'{name}.png', BytesIO(content))
    return photo(), content, encode_png(draw_instances(ids, things))


def _by_stem(files: dict[str, Read], split: str, suffix: str) -> dict[str, Read]:
    pattern = re.compile(rf'(?:.*/)?{split}2017/(\d+)\.{suffix}')
    return {match[1]: read for name, read in files.items() if (match := pattern.fullmatch(name))}


def _things(source: Path, annotations: dict[str, Read], split: str) -> dict[int, list[Thing]]:
    """The objects of each picture."""
    file = f'instances_{split}2017.json'
    read = next((read for name, read in annotations.items() if name.split('/')[-1] == file), None)
    if read is None:
        raise DataError(f'{source} holds no annotations/{file}: download annotations_trainval2017.zip again.')
    try:
        found = json.loads(read(), object_hook=_compact)['annotations']
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(f'{file} holds no annotations ({error!r}): download annotations_trainval2017.zip again.'
                        ) from None
    things = defaultdict(list)
    for thing in found:
        if isinstance(thing, Thing):
            things[thing.picture].append(thing)
    return things


def _compact(entry: dict[str, Any]) -> dict[str, Any] | Thing | None:
    """An annotation without the entries that are not used; the official file has half a gigabyte of text."""
    if 'segmentation' not in entry:
        return entry
    if entry['iscrowd']:  # no single object: its pixels keep the id of the class
        return None
    outlines = [np.array(outline, np.float32).reshape(-1, 2) for outline in entry['segmentation']]
    return Thing(entry['image_id'], entry['category_id'] - 1, outlines)

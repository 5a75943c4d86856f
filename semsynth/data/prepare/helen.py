"""Preparation of Helen: the eleven soft masks of a face become one label map."""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path

import numpy as np

from semsynth.data.pictures import read_ids, read_photo
from semsynth.data.prepare.parts import Part, counts_differ, refuse, write_parts
from semsynth.data.transforms.loading import sizes_differ
from semsynth.errors import DataError
from semsynth.writing import check_out_folder, encode_png

NUM_CLASSES = 11
LISTS = dict(train=('exemplars.txt',), test=('tuning.txt', 'testing.txt'))
OFFICIAL = dict(train=2000, test=330)


def prepare_helen(source: str | Path, out: str | Path) -> dict[str, int]:
    """Write ``images/SPLIT/NAME.jpg`` and ``labels/SPLIT/NAME.png``; what is there is skipped.

    A pixel gets the class whose mask is the strongest, the first of equals. The splits are pix2pixHD's 2000 and 330
    (appendix A): the exemplars of Smith et al. to train on, their tuning and testing faces to test on.

    Args:
        source: SmithCVPR2013_dataset_resized, unpacked: ``exemplars.txt``, ``tuning.txt``, ``testing.txt`` (a line is
            ``number, NAME``), ``images/NAME.jpg`` and ``labels/NAME/NAME_lbl00.png`` to ``NAME_lbl10.png``.
        out: folder of the data set.

    Returns:
        The number of faces of each split.

    Raises:
        DataError: a list, photo or mask is absent or unreadable, their sizes differ, or faces are missing; one line a
            problem. The sound faces are written all the same.
    """
    source, out = Path(source), check_out_folder(out)
    names = {split: [name for file in files for name in _names(source / file)] for split, files in LISTS.items()}
    parts = [Part((out / f'images/{split}/{name}.jpg', out / f'labels/{split}/{name}.png'),
                  partial(_make, source, name)) for split, listed in names.items() for name in listed]
    counts = {split: len(listed) for split, listed in names.items()}
    refuse([*counts_differ(source, counts, OFFICIAL), *write_parts(parts, 'Helen')])
    return counts


def _names(path: Path) -> list[str]:
    if not path.is_file():
        raise DataError(f'There is no {path}: name the unpacked folder of SmithCVPR2013_dataset_resized.zip, which '
                        'holds exemplars.txt, tuning.txt, testing.txt, images and labels.')
    names = [line.split(',')[-1].strip() for line in path.read_text(encoding='utf-8').splitlines() if line.strip()]
    if strange := [name for name in names if not re.fullmatch(r'[\w-]+', name)]:
        raise DataError(f'{path} names faces that are none, such as {strange[0]!r:.60}: download it again.')
    return names


def _make(source: Path, name: str) -> tuple[bytes, bytes]:
    photo = source / 'images' / f'{name}.jpg'
    paths = [source / 'labels' / name / f'{name}_lbl{number:02d}.png' for number in range(NUM_CLASSES)]
    size, masks = read_photo(str(photo)).shape[:2], [read_ids(str(path)) for path in paths]
    for path, mask in zip(paths, masks, strict=True):
        if mask.shape != size:
            raise DataError(sizes_differ(str(photo), size, str(path), mask.shape))
    return photo.read_bytes(), encode_png(np.argmax(masks, axis=0).astype(np.uint8))

"""Preparation of NYU Depth v2: MATLAB's files become pictures."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import scipy.io

from semsynth.data.prepare.parts import Part, counts_differ, refuse, write_parts
from semsynth.errors import DataError, first_few
from semsynth.writing import check_out_folder, encode_png

OFFICIAL = dict(train=795, test=654)
LABELLED, SPLITS, MAPPING = 'nyu_depth_v2_labeled.mat', 'splits.mat', 'classMapping40.mat'
NUM_CLASSES = 40
FRAME = slice(44, 471), slice(40, 601)
"""Rows and columns inside the white frame, the toolbox's 45:471 and 41:601: 427x561."""
_SIZE = 480, 640
_LARGEST_LIST = 2**20
"""Bytes; both files have a few thousand, and what is packed in them may be a thousand times as large."""


def prepare_nyu(source: str | Path, out: str | Path) -> dict[str, int]:
    """Write ``images``, ``labels`` and ``instances``, each ``SPLIT/NUMBER.png``, without the white frame.

    What is there is skipped. Labels are the 40 classes as 1..40, and 0 = unknown. An instance is an object of one of
    the 894 labels. The number is that of the official arrays, from 0001.

    Args:
        source: folder with ``nyu_depth_v2_labeled.mat`` and ``splits.mat`` (Silberman et al., 2012) and
            ``classMapping40.mat`` (Gupta et al., 2013).
        out: folder of the data set.

    Returns:
        The number of pictures of each split.

    Raises:
        DataError: a file is absent, torn or another one, or the splits are not the official ones; one line a problem.
        ValueError: h5py is not installed.
    """
    source, out = Path(source), check_out_folder(out)
    splits, table = _splits(source / SPLITS), _table(source / MAPPING)
    with _labelled(source / LABELLED) as arrays:
        _check_arrays(source / LABELLED, arrays)
        refuse(_wrong_splits(source / SPLITS, splits, len(arrays['images'])))
        parts = [Part(tuple(out / kind / split / f'{number:04d}.png' for kind in ('images', 'labels', 'instances')),
                      partial(_make, arrays, number, table))
                 for split, numbers in splits.items() for number in numbers]
        counts = {split: len(numbers) for split, numbers in splits.items()}
        refuse([*counts_differ(source / SPLITS, counts, OFFICIAL), *write_parts(parts, 'NYU')])
    return counts


def _make(arrays: Any, number: int, table: np.ndarray) -> tuple[bytes, bytes, bytes]:
    # HDF5 holds MATLAB's arrays with their axes reversed: (N, 3, W, H) and (N, W, H).
    try:
        photo, label, instance = (arrays[name][number - 1].T[FRAME] for name in ('images', 'labels', 'instances'))
    except OSError as error:
        raise DataError(f'Picture {number} of {LABELLED} cannot be read ({error}): download it again.') from None
    if label.max() >= len(table):
        raise DataError(f'Picture {number} of {LABELLED} holds the label {label.max()}, but {MAPPING} maps the labels '
                        f'1..{len(table) - 1}: one of the two files is another one.')
    # (label, instance) is an object; numbered anew, as 16 bits do not hold the pairs.
    _, objects = np.unique(label.astype(np.int64) * 256 + instance, return_inverse=True)
    return (encode_png(np.ascontiguousarray(photo)), encode_png(table[label]),
            encode_png(objects.reshape(label.shape).astype(np.uint16)))


def _labelled(path: Path) -> Any:
    """The arrays by name, an open file."""
    try:
        import h5py
    except ImportError:
        raise ValueError(f"{path} is an HDF5 file, and h5py reads it: pip install 'semsynth[prepare]'") from None
    _require(path)
    try:
        return h5py.File(path)
    except OSError as error:
        raise DataError(f'{path} cannot be read ({error}): download it again.') from None


def _check_arrays(path: Path, arrays: Any) -> None:
    for name, axes in dict(images=(3, *_SIZE[::-1]), labels=_SIZE[::-1], instances=_SIZE[::-1]).items():
        found = arrays[name].shape if name in arrays else None
        if found is None or found[1:] != axes:
            raise DataError(f'{path} should hold the array {name} of N x {" x ".join(map(str, axes))}, but it holds '
                            f'{found or first_few(list(arrays), 9) or "nothing"}: download {LABELLED} again.')
    lengths = {name: len(arrays[name]) for name in ('images', 'labels', 'instances')}
    if len(set(lengths.values())) > 1:
        raise DataError(f'{path} holds {", ".join(f"{length} {name}" for name, length in lengths.items())}, of which '
                        f'there should be as many: download {LABELLED} again.')


def _splits(path: Path) -> dict[str, list[int]]:
    found = _matlab(path, 'trainNdxs', 'testNdxs')
    return {split: sorted(map(int, found[f'{split}Ndxs'].ravel())) for split in OFFICIAL}


def _wrong_splits(path: Path, splits: dict[str, list[int]], total: int) -> list[str]:
    problems = []
    if both := sorted(set(splits['train']) & set(splits['test'])):
        problems.append(f'{path} has {len(both)} pictures both to train and to test on ({first_few(both)}): download '
                        'it again.')
    if strange := [number for numbers in splits.values() for number in numbers if not 1 <= number <= total]:
        problems.append(f'{path} names the pictures {first_few(strange)}, but {LABELLED} holds 1..{total}: one of the '
                        'two files is another one.')
    return problems


def _table(path: Path) -> np.ndarray:
    """The class of each label, 0 for the label 0."""
    classes = _matlab(path, 'mapClass')['mapClass'].ravel()
    if not ((classes >= 1) & (classes <= NUM_CLASSES)).all():
        raise DataError(f'{path} maps to the classes {classes.min()}..{classes.max()}, but they should be '
                        f'1..{NUM_CLASSES}: download {MAPPING} again.')
    return np.concatenate([[0], classes]).astype(np.uint8)


def _matlab(path: Path, *names: str) -> dict[str, np.ndarray]:
    _require(path)
    if path.stat().st_size > _LARGEST_LIST:
        raise DataError(f'{path} has {path.stat().st_size} bytes, more than {_LARGEST_LIST}: it is another file.')
    try:
        found = scipy.io.loadmat(path)
    except Exception as error:  # of a torn file scipy's reader raises all sorts
        raise DataError(f'{path} is no MATLAB file ({error}): download it again.') from None
    if absent := [name for name in names if name not in found]:
        raise DataError(f'{path} holds no {first_few(absent)}: download it again.')
    return found


def _require(path: Path) -> None:
    if not path.is_file():
        raise DataError(f'There is no {path}: the folder should hold {LABELLED}, {SPLITS} and {MAPPING}.')

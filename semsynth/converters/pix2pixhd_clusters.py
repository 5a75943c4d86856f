"""Converter of pix2pixHD's files of clustered features, ``features_clustered_010.npy``."""

from __future__ import annotations

import pickle
import pickletools
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch

from semsynth.data.cityscapes import CityscapesDataset
from semsynth.errors import first_few
from semsynth.safe_reading.pickled_numbers import STAND_INS, Array, Kind
from semsynth.styles import StyleBank

CITYSCAPES_IDS = CityscapesDataset.id_map | {34: 34}
"""The official one-hot map has a channel 34 too, the last one."""


class _Kind(Kind):
    """Of numbers, or of objects, such as the one that the file holds."""

    def __init__(self, code: str, *_):
        self.objects = code == 'O8'
        if not self.objects:
            super().__init__(code)

    def __setstate__(self, state: tuple) -> None:
        if not self.objects:
            super().__setstate__(state)


class _Array(Array):
    """Of numbers, or of one object, which is then itself ``array``."""

    def __setstate__(self, state: tuple) -> None:
        match state:
            case (1, (), _Kind(objects=True), _, [held]):
                self.array = held
            case (1, _, _Kind(objects=False), _, _):
                super().__setstate__(state)
            case _:
                raise pickle.UnpicklingError('it holds arrays of something else than numbers')


class ArrayUnpickler(pickle.Unpickler):
    """An unpickler of dicts, numbers and numpy arrays; anything else in the file is refused before it is loaded."""

    stand_ins = STAND_INS | {'numpy.dtype': _Kind, 'numpy.ndarray': _Array}

    def find_class(self, module: str, name: str):
        """What stands for a name in the file.

        Raises:
            UnpicklingError: it has no place among arrays.
        """
        if f'{module}.{name}' not in STAND_INS:
            raise pickle.UnpicklingError(f'{module}.{name} has no place among arrays')
        return self.stand_ins[f'{module}.{name}']


def convert_clusters(path: str | Path, classes: Sequence[str] = CityscapesDataset.classes,
                     id_map: Mapping[int, int] = CITYSCAPES_IDS) -> StyleBank:
    """The cluster centres of an official model as our styles, without thumbnails, which the file does not have.

    Args:
        path: a ``.npy`` file that holds a pickled ``{class id: (K, F) centres}``; it is read as data.
        classes: names by class index; Cityscapes' 35 by default.
        id_map: class index of each id; Cityscapes' by default, where it is the id itself, and 34 for license plate, -1.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it holds something else, or ids that are none of the classes.
    """
    centres, owners = [], []
    for identity, clusters in sorted(_read(path).items()):
        if identity not in id_map:
            raise ValueError(f'{path} has clusters of the class id {identity}, but id_map knows the ids '
                             f'{first_few(sorted(id_map), 40)} of {len(classes)} classes: give convert_clusters the '
                             'classes and id_map of the data set that the official model was trained on.')
        centres.append(clusters)
        owners += [id_map[identity]] * len(clusters)
    return StyleBank(torch.from_numpy(np.concatenate(centres)), torch.tensor(owners), tuple(classes),
                     np.zeros((0, 0, 0, 3), np.uint8))


def _read(path: str | Path) -> dict[int, np.ndarray]:
    if not Path(path).is_file():
        raise FileNotFoundError(f'There is no file of clusters {path}.')
    try:
        stored = _unpickle(Path(path))
    except Exception as error:  # what a file that is no pickle makes unpickling raise is anyone's guess
        raise ValueError(f'{path} is no .npy file of a dict of arrays ({error}); anything else is not read, since it '
                         'could run code.') from error
    if not isinstance(stored, dict) or not stored:
        raise ValueError(f'{path} holds {stored!r:.60}, but clusters are a dict of arrays by class id.')
    try:
        clusters = {int(identity): np.asarray(centres.array if isinstance(centres, Array) else centres, np.float32)
                    for identity, centres in stored.items()}
    except (TypeError, ValueError) as error:
        raise ValueError(f'{path} holds something else than arrays of numbers by class id ({error}).') from error
    filled = {identity: centres for identity, centres in clusters.items() if centres.size}
    shapes = {identity: centres.shape for identity, centres in filled.items()}
    if not filled or len({shape[1:] for shape in shapes.values()}) > 1 or len(next(iter(shapes.values()))) != 2:
        raise ValueError(f'{path} holds arrays of the shapes {shapes}, but each class has (clusters, features), with '
                         'one number of features.')
    if infinite := [identity for identity, centres in filled.items() if not np.isfinite(centres).all()]:
        raise ValueError(f'{path} has clusters that are not finite, of the class ids {infinite}.')
    return filled


def _unpickle(path: Path):
    """The object in a ``.npy`` file; text is read as Latin 1, which Python 2 wrote."""
    with path.open('rb') as file:
        version = np.lib.format.read_magic(file)
        read_header = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
        if version not in read_header:
            raise ValueError(f'format {version}')
        shape, _, dtype = read_header[version](file)
        if shape or not dtype.hasobject:
            raise ValueError(f'an array of {dtype} of shape {shape}')
        start, size = file.tell(), path.stat().st_size
        # the unpickler makes room for as many remembered objects as the file says
        if any('PUT' in opcode.name and (argument or 0) > size for opcode, argument, _ in pickletools.genops(file)):
            raise ValueError('it remembers more objects than it has bytes')
        file.seek(start)
        held = ArrayUnpickler(file, encoding='latin1').load()
        return held.array if isinstance(held, Array) else held

"""Masks in the folders of Pascal VOC, as CVAT, labelme and many others export them."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from semsynth.data.class_files import ClassTable
from semsynth.data.importing.base import ImportOptions
from semsynth.data.importing.class_tables import find_class_table
from semsynth.data.importing.masks import MaskSource
from semsynth.data.importing.pairs import Pair, find_pairs
from semsynth.errors import DataError, counted

CLASSES = ('background', 'aeroplane', 'bicycle', 'bird', 'boat', 'bottle', 'bus', 'car', 'cat', 'chair', 'cow',
           'diningtable', 'dog', 'horse', 'motorbike', 'person', 'pottedplant', 'sheep', 'sofa', 'train', 'tvmonitor')
"""Of the official data set."""
_OFFICIAL_NAME = re.compile(r'(2007|2008|2009|2010|2011|2012)_\d{6}')
_LABELS, _PHOTOS = 'SegmentationClass', 'JPEGImages'


class VOCSource(MaskSource):
    """``JPEGImages``, ``SegmentationClass``, perhaps ``SegmentationObject``, and lists of splits in
    ``ImageSets/Segmentation``.

    Classes are those of ``labelmap.txt`` or another file of classes; the official data set's names are known.
    """

    format = 'voc'
    summary = "Pascal VOC, and CVAT's segmentation masks"

    def __init__(self, path: Path, options: ImportOptions):
        root = _root(path)
        if root is None:
            raise DataError(f'{path} holds no folder {_LABELS}: name the folder that does, or another --format.')
        super().__init__(root, options)

    @classmethod
    def recognises(cls, path: Path) -> bool:
        """Whether a folder, or one of those in it, holds ``SegmentationClass``."""
        return _root(path) is not None

    def find(self, path: Path, options: ImportOptions) -> tuple[dict[str, Pair], list[str]]:
        """As of ``MaskSource``; the lists say the splits."""
        photos = options.photos or (_PHOTOS if (path / _PHOTOS).is_dir() else None)
        pairs, remarks = find_pairs(path, replace(options, photos=photos, labels=options.labels or _LABELS))
        lists = {split: _listed(path / f'ImageSets/Segmentation/{split}.txt') for split in ('train', 'val', 'test')}
        split_of = {name: split for split, names in lists.items() for name in names}
        if lists['train'] and (lists['val'] or lists['test']):
            if strangers := sum(name not in split_of for name in pairs):
                remarks.append(f'{counted(strangers, "label map")} in no list of ImageSets/Segmentation: for training.')
            pairs = {name: replace(pair, split=split_of.get(name, 'train')) for name, pair in pairs.items()}
        return pairs, remarks

    def find_table(self, path: Path) -> ClassTable | None:
        """The classes of the source, or those of the official data set."""
        official = all(_OFFICIAL_NAME.fullmatch(name) for name in self.names)
        return find_class_table(path) or (ClassTable(list(CLASSES), voc_colours(len(CLASSES))) if official else None)


def voc_colours(count: int) -> list[list[int]]:
    """The first colours of VOC's palette: bit by bit, from the highest on, each channel takes every third bit of the
    number."""
    return [[sum((number >> 3 * place + channel & 1) << 7 - place for place in range(8)) for channel in range(3)]
            for number in range(count)]


def _root(path: Path) -> Path | None:
    """The folder that holds the masks: the one given, or one or two folders below it."""
    return next((each.parent for depth in ('', '*/', '*/*/') for each in sorted(path.glob(f'{depth}{_LABELS}'))
                 if each.is_dir()), None)


def _listed(path: Path) -> set[str]:
    """The names in a list, one a line, perhaps with more behind them."""
    lines = path.read_text(encoding='utf-8').splitlines() if path.is_file() else []
    return {name for line in lines if line.strip() for name in (line.strip(), line.split()[0])}

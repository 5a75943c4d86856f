"""COCO's JSON: objects with polygons or run lengths, many photos a file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from semsynth.data.importing.drawing import Size, runs
from semsynth.data.importing.records import Record, mentions, read_json
from semsynth.data.importing.shapes import TOO_FEW, Drawn, Export, Shape, ShapeSource
from semsynth.errors import DataError, counted

REMEDY = 'export it again as COCO JSON with segmentation'
LONGEST = 2**21
"""Pixels of the outlines of an object."""
Inside = Callable[[Size], np.ndarray]


class COCOSource(ShapeSource):
    """A JSON file of COCO's object annotations, or a folder with one for each split.

    Larger objects lie under smaller ones: the format has no order of its own. A crowd is an area of its class without
    single objects. Categories of one name are one class.
    """

    format = 'coco'
    summary = "COCO's JSON with polygons or run lengths, such as Roboflow, CVAT and Label Studio write it"

    @classmethod
    def is_ours(cls, file: Path) -> bool:
        """Whether it has categories, and annotations with segmentations."""
        return mentions(file, '"images"', '"annotations"', '"categories"', '"segmentation"')

    def read(self, file: Path) -> Export:
        """All photos of a file."""
        record = Record(str(file), read_json(file, REMEDY), REMEDY)
        categories = {each.get('id', int): each.get('name', str) for each in record.records('categories')}
        photos = {each.get('id', int): _Photo(file, each) for each in record.records('images')}
        strangers = 0
        for each in record.records('annotations'):
            photo = photos.get(each.get('image_id', int))
            if photo is None:
                strangers += 1
            else:
                photo.add(each, categories)
        remarks = [f'Left out, because {file} does not list their photo: {counted(strangers, "annotation")}.']
        return Export([photo.drawn() for photo in photos.values()],
                      dict.fromkeys(categories[number] for number in sorted(categories)), remarks if strangers else [])


class _Photo:
    """A photo of the file, and the objects on it."""

    def __init__(self, file: Path, record: Record):
        size = record.size('height', 'width')
        if size is None:
            raise record.error('has no "height" and "width"')
        self._file, self._place, self._size = file, record.place, size
        self._name = record.get('file_name', str)
        self._shapes: list[tuple[int, Shape]] = []
        self._remarks: Counter[str] = Counter()

    def add(self, record: Record, categories: Mapping[int, str]) -> None:
        """Add an annotation."""
        name = categories.get(record.get('category_id', int))
        if name is None:
            raise record.error(f'has the category_id {record.get("category_id", int)}, which is none of the categories')
        segmentation = record.fields.get('segmentation')
        if not segmentation:
            self._remarks['boxes without a segmentation, left out'] += 1
            return
        if isinstance(segmentation, dict):
            area, inside = self._run_lengths(record.record('segmentation'))
        else:
            outlines = [outline for each in record.get('segmentation', list)
                        if len(outline := _outline(record, each)) >= 3]
            if not outlines:
                self._remarks[TOO_FEW] += 1
                return
            area, inside = self._polygons(record, outlines)
        thing = None if record.get('iscrowd', int, 0) else record.place
        self._shapes.append((area, Shape(name, inside, thing)))

    def drawn(self) -> Drawn:
        """The photo with all its objects, the largest first."""
        shapes = [shape for _, shape in sorted(self._shapes, key=lambda entry: -entry[0])]
        return Drawn(self._file, self._place, [self._name], shapes, self._size, remarks=self._remarks)

    def _polygons(self, record: Record, outlines: list[np.ndarray]) -> tuple[int, Inside]:
        if sum(np.abs(np.diff(outline, axis=0)).sum() for outline in outlines) > LONGEST:
            raise record.error(f'has outlines of more than {LONGEST} pixels')  # they would take all memory
        height, width = self._size
        coder = _pycocotools()
        code = coder.merge(coder.frPyObjects([outline.ravel().tolist() for outline in outlines], height, width))
        return int(coder.area(code)), lambda size: coder.decode(code).astype(bool)

    def _run_lengths(self, record: Record) -> tuple[int, Inside]:
        height, width = self._size
        if record.get('size', list) != [height, width]:
            raise record.error(f'is of {record.get("size", list)} pixels, but its photo is {height}x{width}')
        found = record.fields.get('counts')
        try:
            counts = counts_in_text(found) if isinstance(found, str) else np.array(record.get('counts', list), np.int64)
        except (ValueError, TypeError, OverflowError) as error:
            raise record.error(f'has "counts" that are no run lengths ({error})') from None
        if counts.ndim != 1 or (counts < 0).any() or counts.sum() != height * width:
            raise record.error(f'has "counts" that do not add up to the {height * width} pixels of its photo')
        # column by column
        return int(counts[1::2].sum()), lambda size: runs((width, height), counts).T


def counts_in_text(text: str) -> np.ndarray:
    """The lengths of runs that COCO's compressed text holds.

    Each number stands in characters of 6 bits, counted from '0': 5 bits of it, the lowest first, and one that says
    whether more follow. From the fourth on, a number is the difference to the one before the last.

    Raises:
        ValueError: it holds other characters, or ends within a number.
    """
    # pycocotools' own reader gives back memory that it has not written where a text ends too soon
    counts: list[int] = []
    number = shift = 0
    for character in text:
        bits = ord(character) - ord('0')
        if not 0 <= bits < 64 or shift > 30:
            raise ValueError(f'it holds {character!r}, or too large a number')
        number |= (bits & 31) << shift
        shift += 5
        if not bits & 32:
            if bits & 16:
                number -= 1 << shift
            counts.append(number + counts[-2] if len(counts) > 2 else number)
            number = shift = 0
    if shift:
        raise ValueError('it ends too soon')
    return np.array(counts, np.int64)


def _outline(record: Record, numbers: list) -> np.ndarray:
    """A polygon ``(N, 2)`` of ``[x, y, x, y, ...]``."""
    if not isinstance(numbers, list) or len(numbers) % 2:
        raise record.error('has a "segmentation" that is no list of polygons, each of them x, y, x, y, ...')
    return record.checked_points('segmentation', [list(pair) for pair in zip(numbers[::2], numbers[1::2], strict=True)])


def _pycocotools() -> Any:
    try:
        from pycocotools import mask
    except ImportError:
        raise DataError("COCO's polygons need pycocotools: run `pip install 'semsynth[import]'`.") from None
    return mask

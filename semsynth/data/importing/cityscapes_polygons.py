"""Polygons as Cityscapes has them: one JSON file a photo."""

from __future__ import annotations

import re
from collections import Counter
from functools import partial
from pathlib import Path

from semsynth.data.importing.drawing import polygon
from semsynth.data.importing.records import Record, mentions, read_json
from semsynth.data.importing.shapes import TOO_FEW, Drawn, Export, Shape, ShapeSource
from semsynth.data.pictures import PHOTO_SUFFIXES

REMEDY = 'download or export it again'
GROUP = 'group'
"""How the class of an area ends in which single objects could not be told apart, such as ``cargroup``."""
_NAME = re.compile(r'(.+?)(_gt(Fine|Coarse))?(_polygons)?\.json', re.IGNORECASE)


class CityscapesPolygonsSource(ShapeSource):
    """A folder of ``NAME_gtFine_polygons.json`` files, with photos ``NAME_leftImg8bit.png`` or ``NAME.jpg``.

    Polygons lie over each other in the order of the file, and those that are marked as deleted are left out. Each is an
    object, but a ``cargroup`` is an area of cars without single objects.
    """

    format = 'cityscapes'
    summary = "polygons in JSON as Cityscapes has them, NAME_gtFine_polygons.json"

    @classmethod
    def is_ours(cls, file: Path) -> bool:
        """Whether it states a size and has objects."""
        return mentions(file, '"imgHeight"', '"objects"')

    def read(self, file: Path) -> Export:
        """A photo."""
        record = Record(str(file), read_json(file, REMEDY), REMEDY)
        left_out: Counter[str] = Counter()
        shapes = []
        for number, each in enumerate(record.records('objects')):
            points, name = each.points('polygon'), each.get('label', str)
            if each.fields.get('deleted'):
                continue
            if len(points) < 3:
                left_out[TOO_FEW] += 1
                continue
            crowd = len(name) > len(GROUP) and name.endswith(GROUP)
            shapes.append(Shape(name.removesuffix(GROUP) if crowd else name, partial(polygon, points=points),
                                None if crowd else number))
        match = _NAME.fullmatch(file.name)
        stem = match[1] if match else file.stem
        photos = [f'{stem}{middle}{suffix}' for middle in ('_leftImg8bit', '') for suffix in PHOTO_SUFFIXES]
        return Export([Drawn(file, str(file), photos, shapes, record.size('imgHeight', 'imgWidth'), remarks=left_out)])

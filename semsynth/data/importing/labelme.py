"""labelme's JSON: one file a photo."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable
from functools import partial
from pathlib import Path

import numpy as np

from semsynth.data.class_files import read_classes
from semsynth.data.importing.drawing import bitmap, box, bytes_in_text, ellipse, picture_in_text, polygon
from semsynth.data.importing.records import Record, mentions, read_json
from semsynth.data.importing.shapes import TOO_FEW, WITHOUT_AREA, Colour, Drawn, Export, Shape, ShapeSource

REMEDY = 'save it again in labelme, or remove it'
BACKGROUND = '_background_'
LINES = ('point', 'points', 'line', 'linestrip')
LEAST = dict(polygon=3, rectangle=2, circle=2, oriented_rectangle=4, rotation=4, mask=2)
"""The kinds of shapes that have an area, and how many points they have at least."""
KINDS = f'semsynth reads {", ".join([*LEAST, *LINES])}'


class LabelmeSource(ShapeSource):
    """A folder of labelme's JSON files, or a single one.

    Shapes lie over each other in the order of the file. Shapes of one class and one ``group_id`` are one object. Points
    and lines have no area and are left out. A ``labels.txt`` beside them gives the order of the classes. The class
    ``__ignore__`` is none, and ``_background_`` is the background.
    """

    format = 'labelme'
    summary = "labelme's JSON files, one a photo"

    @classmethod
    def is_ours(cls, file: Path) -> bool:
        """Whether it has shapes and names a photo."""
        return mentions(file, '"shapes"', '"imagePath"')

    def read(self, file: Path) -> Export:
        """A photo."""
        record = Record(str(file), read_json(file, REMEDY), REMEDY)
        left_out: Counter[str] = Counter()
        shapes = []
        for number, each in enumerate(record.records('shapes')):
            kind = each.get('shape_type', str, 'polygon')
            if kind in LINES:
                left_out[WITHOUT_AREA] += 1
            elif shape := _shape(each, kind, number):
                shapes.append(shape)
            else:
                left_out[TOO_FEW] += 1
        embedded = partial(_embedded, file) if record.fields.get('imageData') else None
        return Export([Drawn(file, str(file), [record.get('imagePath', str)], shapes,
                             record.size('imageHeight', 'imageWidth'), embedded=embedded, remarks=left_out)])

    def listed_classes(self, path: Path) -> dict[str, Colour | None]:
        """Those of ``labels.txt``."""
        file = (path if path.is_dir() else path.parent) / 'labels.txt'
        names = read_classes(file)[0] if file.is_file() else []
        return dict.fromkeys(map(_class, names))


def _shape(record: Record, kind: str, number: int) -> Shape | None:
    name, group = record.get('label', str), record.fields.get('group_id')
    if kind not in LEAST:
        raise record.error(f'has the shape_type {kind!r:.40}, which is unknown ({KINDS})')
    if group is not None and not isinstance(group, Hashable):
        raise record.error('has a list as "group_id"')
    points = record.points('points')
    if len(points) < LEAST[kind]:
        return None
    thing = ('shape', number) if group is None else (name, group)
    if kind == 'mask':
        mask = picture_in_text(f'{record.place}, mask', record.get('mask', str), record.remedy)
        left, top = np.round(points.min(axis=0)).astype(int)
        return Shape(_class(name), partial(bitmap, mask=mask, left=int(left), top=int(top)), thing)
    return Shape(_class(name), partial(polygon, points=_outline(kind, points)), thing)


def _outline(kind: str, points: np.ndarray) -> np.ndarray:
    if kind == 'rectangle':
        return box(points[0], points[1])
    if kind == 'circle':  # its centre, and a point on it
        return ellipse(points[0], np.full(2, np.hypot(*(points[1] - points[0]))))
    return points


def _class(name: str) -> str:
    return 'background' if name == BACKGROUND else name


def _embedded(file: Path) -> bytes:
    record = Record(str(file), read_json(file, REMEDY), REMEDY)
    return bytes_in_text(f'{file}, imageData', record.get('imageData', str), REMEDY)

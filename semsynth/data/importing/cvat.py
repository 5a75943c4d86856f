"""CVAT's XML, "CVAT for images 1.1": shapes with a depth, many photos a file."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path
from xml.etree.ElementTree import Element

import numpy as np

from semsynth.data.importing.drawing import Size, bitmap, box, ellipse, polygon, runs, turned
from semsynth.data.importing.photos import split_of_path
from semsynth.data.importing.records import Record, mentions, read_bytes
from semsynth.data.importing.shapes import TOO_FEW, WITHOUT_AREA, Colour, Drawn, Export, Shape, ShapeSource
from semsynth.errors import DataError

REMEDY = 'export it again from CVAT as "CVAT for images 1.1"'
LINES = ('polyline', 'points', 'skeleton', 'cuboid')
NUMBERS = ('width', 'height', 'xtl', 'ytl', 'xbr', 'ybr', 'cx', 'cy', 'rx', 'ry', 'rotation', 'left', 'top', 'z_order',
           'group_id')
"""Attributes that are numbers."""


class CVATSource(ShapeSource):
    """An ``annotations.xml`` of "CVAT for images 1.1", or a folder with one.

    Shapes lie over each other by their ``z_order``, and by the order of the file where that is equal. Shapes of one
    group and class are one object. Classes and colours are in the order of the task.
    """

    format = 'cvat'
    summary = "CVAT's XML (CVAT for images 1.1) with polygons, boxes, ellipses or masks"

    ending = '.xml'

    @classmethod
    def is_ours(cls, file: Path) -> bool:
        """Whether it is made of annotations of images or tracks."""
        return mentions(file, '<annotations') and (mentions(file, '<image ') or mentions(file, '<track '))

    def read(self, file: Path) -> Export:
        """All images of a file."""
        root = _parsed(file)
        if root.tag != 'annotations' or root.find('track') is not None:
            what = 'tracks of a video ("CVAT for video 1.1")' if root.tag == 'annotations' else f'<{root.tag:.40}>'
            raise DataError(f'{file} holds {what}, where images are expected: {REMEDY}.')
        # the parts of a skeleton have a parent
        labels = [label for label in root.iterfind('.//labels/label') if label.find('parent') is None]
        classes = {label.findtext('name', ''): _colour(label.findtext('color', '')) for label in labels}
        return Export([_drawn(file, number, image) for number, image in enumerate(root.iterfind('image'))], classes)


def _parsed(file: Path) -> Element:
    try:
        from defusedxml.ElementTree import ParseError, fromstring
    except ImportError:
        raise DataError("CVAT's XML needs defusedxml: run `pip install 'semsynth[import]'`.") from None
    try:
        return fromstring(read_bytes(file, REMEDY))
    except (ParseError, ValueError) as error:  # the latter: what may be made to harm whoever reads it
        raise DataError(f'{file} is no XML that can be read ({error}): {REMEDY}.') from None


def _drawn(file: Path, number: int, image: Element) -> Drawn:
    record = _record(f'{file}, image {number}', image)
    left_out: Counter[str] = Counter()
    shapes = []
    for place, element in enumerate(image):
        if element.tag in LINES:
            left_out[WITHOUT_AREA] += 1
        elif element.tag != 'tag':  # said of the whole image
            each = _record(f'{record.place}, {element.tag} {place}', element)
            name, group = each.get('label', str), each.get('group_id', int, 0)
            inside = _inside(element.tag, each)
            if inside is None:
                left_out[TOO_FEW] += 1
            else:
                depth = each.get('z_order', int, 0)
                shapes.append((depth, Shape(name, inside, (name, group) if group else ('shape', place))))
    ordered = [shape for _, shape in sorted(shapes, key=lambda entry: entry[0])]
    return Drawn(file, record.place, [record.get('name', str)], ordered, record.size('height', 'width'),
                 split_of_path(record.get('subset', str, '')), remarks=left_out)


def _inside(kind: str, record: Record) -> Callable[[Size], np.ndarray] | None:
    """What draws a shape; None for a polygon of too few points."""
    if kind == 'polygon':
        pairs = [[_number(number) for number in pair.split(',')] for pair in record.get('points', str).split(';')]
        points = record.checked_points('points', pairs)
        return partial(polygon, points=points) if len(points) >= 3 else None
    if kind == 'box':
        corner, opposite = _pair(record, 'xtl', 'ytl'), _pair(record, 'xbr', 'ybr')
        points = turned(box(corner, opposite), (corner + opposite) / 2, record.get('rotation', float, 0.))
        return partial(polygon, points=points)
    if kind == 'ellipse':
        centre = _pair(record, 'cx', 'cy')
        points = turned(ellipse(centre, _pair(record, 'rx', 'ry')), centre, record.get('rotation', float, 0.))
        return partial(polygon, points=points)
    if kind == 'mask':
        size = record.size('height', 'width')
        words = [word.strip() for word in record.get('rle', str).split(',')]
        counts = [int(word) for word in words if word.isascii() and word.isdecimal() and len(word) < 10]
        if size is None or len(counts) < len(words) or sum(counts) != size[0] * size[1]:
            raise record.error('has an "rle" whose run lengths do not add up to its height times its width')
        mask = runs(size, np.array(counts))
        return partial(bitmap, mask=mask, left=record.get('left', int), top=record.get('top', int))
    raise record.error('is of a kind that is unknown (semsynth reads polygon, box, ellipse and mask)')


def _record(place: str, element: Element) -> Record:
    """The attributes of an element, those that are numbers as such."""
    fields = {name: _number(text) if name in NUMBERS else text for name, text in element.attrib.items()}
    return Record(place, fields, REMEDY)


def _number(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text


def _pair(record: Record, x: str, y: str) -> np.ndarray:
    return np.array([record.get(x, float), record.get(y, float)])


def _colour(text: str) -> Colour | None:
    match = re.fullmatch(r'#([0-9a-fA-F]{2})([0-9a-fA-F]{2})([0-9a-fA-F]{2})', text)
    return (int(match[1], 16), int(match[2], 16), int(match[3], 16)) if match else None

"""Label Studio's JSON: tasks with regions in percent of their photo, or painted with a brush."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from semsynth.data.importing.drawing import Size, box, ellipse, picture_in_text, polygon, turned
from semsynth.data.importing.records import Record, mentions, read_json
from semsynth.data.importing.shapes import TOO_FEW, WITHOUT_AREA, Drawn, Export, Shape, ShapeSource
from semsynth.data.pictures import PHOTO_SUFFIXES
from semsynth.errors import DataError

REMEDY = 'export it again from Label Studio as JSON'
_CHANNELS = 4
"""Of what a brush paints on: red, green, blue, and alpha, which says where it has painted."""


class LabelStudioSource(ShapeSource):
    """A JSON or JSON-MIN file of Label Studio, or a folder of them.

    Regions lie over each other in the order of the file. Each is an object. Of several annotations of a photo, one that
    is marked as ground truth counts, or else the last that was not cancelled; of several labels of a region, the first.
    """

    format = 'label-studio'
    summary = "Label Studio's JSON or JSON-MIN with polygons, rectangles, ellipses or brush strokes"

    @classmethod
    def is_ours(cls, file: Path) -> bool:
        """Whether it has regions with labels, and is not COCO's."""
        return mentions(file, '"original_width"', 'labels"') and not mentions(file, '"categories"')

    def read(self, file: Path) -> Export:
        """All tasks of a file."""
        content = read_json(file, REMEDY)
        tasks = Record(str(file), dict(tasks=content if isinstance(content, list) else [content]), REMEDY)
        return Export([_drawn(file, task) for task in tasks.records('tasks')])


def decode_brush(data: bytes, size: Size) -> np.ndarray:
    """What a brush has painted, ``(H, W)`` bool, from the run lengths of its red, green, blue and alpha.

    The data are bits, the highest of each byte first: 32 for how many values there are, 5 for the bits of a value less
    one, and four times 4 for the bits of a length less one. Then come parts: a bit that says whether one value follows
    that is repeated, or as many values as the length says; 2 for which of the four kinds of length follows; the length
    less one; the value or values.

    Args:
        data: of the file.
        size: of the photo.

    Raises:
        ValueError: they end too soon, or are of another size.
    """
    bits, place = ''.join(f'{byte:08b}' for byte in data), 0

    def take(count: int) -> int:
        nonlocal place
        if place + count > len(bits):
            raise ValueError('they end too soon')
        place += count
        return int(bits[place - count:place], 2)

    length, width = take(32), take(5) + 1
    if width != 8 or length != size[0] * size[1] * _CHANNELS:
        raise ValueError(f'they hold {length} values of {width} bits, where {size[0]}x{size[1]} pixels of {_CHANNELS} '
                         'values of 8 bits are expected')
    lengths, values, done = [take(4) + 1 for _ in range(4)], np.empty(length, np.uint8), 0
    while done < length:
        repeated = take(1)
        count = take(lengths[take(2)]) + 1
        if done + count > length:
            raise ValueError('they are longer than they say')
        part = take(8) if repeated else np.frombuffer(take(8 * count).to_bytes(count), np.uint8)
        values[done:done + count] = part
        done += count
    return values.reshape(*size, _CHANNELS)[..., -1] > 0


def _drawn(file: Path, task: Record) -> Drawn:
    remarks: Counter[str] = Counter()
    results = _results(task, remarks)
    sizes = {size for each in results if (size := each.size('original_height', 'original_width'))}
    if len(sizes) > 1:
        raise task.error('has regions on photos of several sizes, and semsynth reads one photo a task')
    shapes = []
    for number, each in enumerate(results):
        if each.get('image_rotation', float, 0.):
            raise DataError(f'{each.place} was drawn on a photo that was turned in Label Studio: turn it back there '
                            'and export it again.')
        # JSON has the region's fields below "value", JSON-MIN beside the others
        shape = each.record('value') if 'value' in each.fields else each
        labels = next((found for name, found in shape.fields.items() if name.endswith('labels')), None)
        if not isinstance(labels, list) or not all(isinstance(label, str) for label in labels) or not labels:
            remarks['regions without a label, left out'] += 1
        elif (inside := _inside(shape, remarks)) is not None:
            shapes.append(Shape(labels[0], inside, number))
    return Drawn(file, task.place, _photos(task), shapes, next(iter(sizes), None), remarks=remarks)


def _results(task: Record, remarks: Counter[str]) -> list[Record]:
    """The regions of a task."""
    if 'annotations' not in task.fields:  # JSON-MIN: lists of regions by the name of their control
        return [Record(f'{task.place}, {name}[{place}]', entry, REMEDY)
                for name, entries in task.fields.items() if isinstance(entries, list)
                for place, entry in enumerate(entries) if isinstance(entry, dict) and 'original_width' in entry]
    whole = [each for each in task.records('annotations') if each.fields.get('was_cancelled') is not True]
    if not whole:
        return []
    if len(whole) > 1:
        remarks['photos with several annotations, of which one counts'] += 1
    chosen = next((each for each in whole if each.fields.get('ground_truth') is True), whole[-1])
    return [each for each in chosen.records('result')
            if each.get('type', str, '').endswith('labels') or each.fields.get('original_width')]


def _inside(shape: Record, remarks: Counter[str]) -> Callable[[Size], np.ndarray] | None:
    """What draws a region; None where it has no area, which is remarked."""
    fields = shape.fields
    if 'rle' in fields:
        return partial(_brush, shape)
    if 'imageDataURL' in fields:
        text = shape.get('imageDataURL', str).rpartition(',')[2]
        mask = picture_in_text(f'{shape.place}, imageDataURL', text, REMEDY)
        return partial(_bitmap, shape, mask)
    if 'points' in fields:
        points = shape.points('points')
        if len(points) >= 3:
            return partial(_polygon, points)
        remarks[TOO_FEW] += 1
    elif 'radiusX' in fields:
        centre = np.array([shape.get('x', float), shape.get('y', float)])
        radii = np.array([shape.get('radiusX', float), shape.get('radiusY', float)])
        return partial(_polygon, ellipse(centre, radii), centre=centre, degrees=shape.get('rotation', float, 0.))
    elif 'height' in fields:
        corner = np.array([shape.get('x', float), shape.get('y', float)])
        opposite = corner + np.array([shape.get('width', float), shape.get('height', float)])
        return partial(_polygon, box(corner, opposite), centre=corner, degrees=shape.get('rotation', float, 0.))
    else:
        remarks[WITHOUT_AREA] += 1
    return None


def _polygon(percent: np.ndarray, size: Size, centre: np.ndarray | None = None, degrees: float = 0) -> np.ndarray:
    """A polygon whose points are percent of the photo's width and height, turned around another point in pixels."""
    scale = np.array([size[1], size[0]]) / 100
    points = percent * scale
    return polygon(size, points if centre is None else turned(points, centre * scale, degrees))


def _brush(shape: Record, size: Size) -> np.ndarray:
    try:
        return decode_brush(bytes(shape.get('rle', list)), size)
    except (ValueError, TypeError) as error:
        raise shape.error(f'has "rle" that are no brush strokes ({error})') from None


def _bitmap(shape: Record, mask: np.ndarray, size: Size) -> np.ndarray:
    if mask.shape != size:
        raise shape.error(f'has a mask of {mask.shape[0]}x{mask.shape[1]} pixels on a photo of {size[0]}x{size[1]}')
    return mask


def _photos(task: Record) -> list[str]:
    """What the task's photo may be called: the file that was uploaded, or what the data say."""
    data: dict[str, Any] = task.get('data', dict, task.fields)
    names = [task.fields.get('file_upload'), *data.values()]
    named = [name for name in names if isinstance(name, str) and _is_photo(name)]
    if not named:
        raise task.error('names no photo')
    return named


def _is_photo(name: str) -> bool:
    return name.lower().split('#')[0].endswith(PHOTO_SUFFIXES) or name.lower().split('?')[0].endswith(PHOTO_SUFFIXES)

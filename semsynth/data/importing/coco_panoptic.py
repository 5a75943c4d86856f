"""COCO's panoptic JSON: a PNG of segments for each photo."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from functools import lru_cache, partial
from pathlib import Path

import numpy as np

from semsynth.data.files import list_files
from semsynth.data.importing.drawing import Size
from semsynth.data.importing.records import Record, mentions, read_json
from semsynth.data.importing.shapes import Colour, Drawn, Export, Shape, ShapeSource
from semsynth.data.pictures import open_picture
from semsynth.errors import DataError, first_few

REMEDY = 'export or download it again as COCO panoptic'


class COCOPanopticSource(ShapeSource):
    """A panoptic JSON file and PNG files of segments below its folder; or a folder with both.

    A segment of a category with ``isthing`` is an object; one of another category, or a crowd, is an area.
    """

    format = 'coco-panoptic'
    summary = "COCO's panoptic JSON with a PNG of segments for each photo"

    @classmethod
    def is_ours(cls, file: Path) -> bool:
        """Whether it tells of segments."""
        return mentions(file, '"images"', '"annotations"', '"segments_info"')

    def read(self, file: Path) -> Export:
        """All photos of a file."""
        record = Record(str(file), read_json(file, REMEDY), REMEDY)
        categories = {each.get('id', int): each for each in record.records('categories')}
        annotations = {each.get('image_id', int): each for each in record.records('annotations')}
        maps = defaultdict(list)
        for path in (file.parent / below for below in sorted(list_files(file.parent))):
            maps[path.name].append(path)
        drawn = []
        for image in record.records('images'):
            annotation = annotations.get(image.get('id', int))
            shapes = [] if annotation is None else _shapes(annotation, categories, _segments_of(annotation, file, maps))
            drawn.append(Drawn(file, image.place, [image.get('file_name', str)], shapes, image.size('height', 'width')))
        return Export(drawn, {categories[number].get('name', str): _colour(categories[number])
                              for number in sorted(categories)})


def _segments_of(annotation: Record, file: Path, maps: Mapping[str, list[Path]]) -> Path:
    """The PNG of an annotation. COCO's own lie in a folder that is called as the JSON file; another may hold others."""
    name = annotation.get('file_name', str)
    found = maps.get(Path(name).name, [])
    if not found:
        raise annotation.error(f'is of {name}, a PNG that is not below the folder of the JSON file')
    own = [path for path in found if path in (file.with_suffix('') / name, file.parent / name)]
    if len(own or found) > 1:
        raise annotation.error(f'is of {name}, as several files are called ({first_few(found)}), of which none is in '
                               f'{file.with_suffix("")}')
    return (own or found)[0]


def _shapes(annotation: Record, categories: Mapping[int, Record], path: Path) -> list[Shape]:
    shapes = []
    for segment in annotation.records('segments_info'):
        category = categories.get(segment.get('category_id', int))
        if category is None:
            raise segment.error(f'has the category_id {segment.get("category_id", int)}, which no category has')
        number = segment.get('id', int)
        single = category.get('isthing', int, 1) and not segment.get('iscrowd', int, 0)
        shapes.append(Shape(category.get('name', str), partial(_segment, path, number), number if single else None))
    return shapes


def _segment(path: Path, number: int, size: Size) -> np.ndarray:
    segments = _read_segments(path)
    if segments.shape != size:
        raise DataError(f'{path} is {segments.shape[0]}x{segments.shape[1]} pixels (height x width), but its photo is '
                        f'{size[0]}x{size[1]}: {REMEDY}.')
    return segments == number


@lru_cache(maxsize=16)  # for the segments of a photo, in every thread
def _read_segments(path: Path) -> np.ndarray:
    with open_picture(str(path)) as image:
        if image.mode not in ('RGB', 'RGBA'):
            raise DataError(f'{path} has the mode {image.mode}, but segments are numbered by red, green and blue: '
                            f'{REMEDY}.')
        colours = np.asarray(image.convert('RGB'), np.int32)
    return colours @ np.array([1, 256, 65536], np.int32)


def _colour(category: Record) -> Colour | None:
    values = category.get('color', list, [])
    if len(values) != 3 or not all(isinstance(value, int) and 0 <= value <= 255 for value in values):
        return None
    return values[0], values[1], values[2]

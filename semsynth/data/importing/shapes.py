"""Exports of shapes that people drew on photos: the common part of their formats."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from semsynth.data.files import list_files
from semsynth.data.importing.base import UNKNOWN, ImportedScene, ImportOptions, ImportSource
from semsynth.data.importing.class_tables import means_no_class
from semsynth.data.importing.drawing import Size
from semsynth.data.importing.pairs import chosen
from semsynth.data.importing.photos import Photos, photos_below, short_names, split_of_path
from semsynth.data.pictures import PHOTO_SUFFIXES, open_picture, read_size
from semsynth.errors import DataError, counted, first_few
from semsynth.writing import write_whole

TOO_FEW = 'polygons of fewer than 3 points, left out'
WITHOUT_AREA = 'points and lines, which have no area, left out'
"""Remarks."""
LOOKED_AT = 20
"""How many files are looked at to recognise a format."""
Colour = tuple[int, int, int]
"""Red, green and blue, 0..255."""


@dataclass(frozen=True)
class Shape:
    """A shape on a photo.

    Args:
        name: of its class.
        inside: gives its pixels, ``(H, W)`` bool, on a photo of a size.
        object: what all shapes of one object have in common; None where the shape is no single object.
    """

    name: str
    inside: Callable[[Size], np.ndarray]
    object: Hashable | None


@dataclass(frozen=True)
class Drawn:
    """A photo with shapes, in the order in which they lie over each other, the last on top.

    Args:
        file: that describes it.
        place: the file, and where in it, for messages.
        photos: what the photo is called there; of several names the first that there is.
        shapes: on the photo.
        size: height and width that are stated there, if they are.
        split: that the photo is in, if it is said.
        embedded: gives the photo's file where it stands among the annotations.
        remarks: as of ``ImportedScene``.
    """

    file: Path
    place: str
    photos: Sequence[str]
    shapes: Sequence[Shape]
    size: Size | None = None
    split: str | None = None
    embedded: Callable[[], bytes] | None = None
    remarks: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True)
class Export:
    """What a file of a labelling tool holds.

    Args:
        drawn: photos with their shapes.
        classes: in the tool's own order, where it has one, with their colours, where they have some; those of shapes
            that are not among them come after.
        remarks: on the whole.
    """

    drawn: list[Drawn]
    classes: dict[str, Colour | None] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)


class ShapeSource(ImportSource):
    """Scenes of shapes on photos. A subclass says which files are its format's, and reads one.

    Pixels that no shape covers are of the class ``options.background``. Names such as ``void`` and ``__ignore__`` mean
    no class. Photos without any shape are left out, because
    nobody has labelled them.
    """

    takes = frozenset({'photos', 'classes', 'background'})
    has_instances = True
    ending = '.json'
    """Of the files of annotations."""

    def __init__(self, path: Path, options: ImportOptions):
        files = [path] if path.is_file() else [file for file in self._files(path) if self.is_ours(file)]
        if not files:
            raise DataError(f'{path} holds no files of the format {self.format} ({self.summary}): name the folder that '
                            'holds them, or another format by --format.')
        exports = {file: self.read(file) for file in files}
        read = [each for export in exports.values() for each in export.drawn]
        drawn = [each for each in read if each.shapes]
        if not drawn:
            raise DataError(f'{path} has {len(read)} photos, and no shape with an area on any of them: label them with '
                            'polygons, and export them again.')
        root = path if path.is_dir() else path.parent
        photos = Photos([photo for photo, _ in chosen(root, options.photos)] if options.photos else photos_below(path))
        self._extracted = TemporaryDirectory()  # of photos that stand among the annotations; goes with the source
        places = [self._locate(photos, number, each) for number, each in enumerate(drawn)]
        _check_twins(drawn, places)
        self.names = short_names(places)
        self._drawn = dict(zip(self.names, drawn, strict=True))
        self._photo = dict(zip(self.names, places, strict=True))
        own = {file: _split_of(path, file, export) for file, export in exports.items()}
        self.splits = {name: split for name, each in self._drawn.items() if (split := each.split or own[each.file])}
        self.remarks: list[str] = [remark for export in exports.values() for remark in export.remarks]
        listed = self.listed_classes(path)
        for export in exports.values():
            listed = listed | export.classes
        self._choose_classes(path, listed, options)
        if empty := [each.place for each in read if not each.shapes]:
            self.remarks.append(f'Left out, because they have no shapes: {counted(len(empty), "photo")} '
                                f'({first_few(empty)}).')

    @classmethod
    def recognises(cls, path: Path) -> bool:
        """Whether one of the first files that end so is this format's."""
        return any(map(cls.is_ours, islice(cls._files(path), LOOKED_AT)))

    @classmethod
    def is_ours(cls, file: Path) -> bool:
        """Whether a file looks like this format's annotations; a quick look."""
        raise NotImplementedError

    def read(self, file: Path) -> Export:
        """Read a file of annotations.

        Raises:
            DataError: it is not what it should be.
        """
        raise NotImplementedError

    def listed_classes(self, path: Path) -> dict[str, Colour | None]:
        """The classes in the order of a file beside the annotations; here there is none."""
        return {}

    @classmethod
    def _files(cls, path: Path) -> Iterator[Path]:
        if path.is_file():
            yield from [path] if path.name.lower().endswith(cls.ending) else []
        else:
            yield from (path / below for below in sorted(list_files(path)) if below.lower().endswith(cls.ending))

    def scene(self, name: str) -> ImportedScene:
        """Draw the shapes of a photo."""
        drawn, photo = self._drawn[name], self._photo[name]
        if drawn.embedded and not photo.is_file():
            write_whole(photo, drawn.embedded())
        size = _size(drawn, photo)
        label, instance = np.full(size, self._background, np.int32), np.zeros(size, np.int32)
        objects: dict[Hashable, int] = {}
        remarks = Counter(drawn.remarks)
        for shape in drawn.shapes:
            inside = shape.inside(size)
            if inside.any():
                index = self._index[shape.name]
                single = shape.object is not None and index != UNKNOWN
                np.copyto(label, index, where=inside)
                np.copyto(instance, objects.setdefault(shape.object, len(objects) + 1) if single else 0, where=inside)
            else:
                remarks['shapes without any pixel on their photo'] += 1
        seen = int(np.count_nonzero(np.bincount(instance.ravel())[1:]))
        if seen < len(objects):
            remarks['objects that later shapes cover wholly'] += len(objects) - seen
        return ImportedScene(name, photo, label, instance, remarks)

    def _locate(self, photos: Photos, number: int, drawn: Drawn) -> Path:
        """The photo's file, which is there or will be written from what is embedded."""
        if found := next(filter(None, (photos.find(name, drawn.file) for name in drawn.photos)), None):
            return found
        if not drawn.embedded:
            raise DataError(f'There is no photo {drawn.photos[0]}, but {drawn.place} is about it: put it beside the '
                            'annotations, or name the folder of the photos by --photos.')
        name = drawn.photos[0].replace('\\', '/').split('/')[-1]
        whole = name if name.lower().endswith(PHOTO_SUFFIXES) else f'{name}.png'
        return Path(self._extracted.name, str(number), whole)

    def _choose_classes(self, path: Path, listed: dict[str, Colour | None], options: ImportOptions) -> None:
        """Set the classes, their colours and their indices."""
        named = {shape.name for each in self._drawn.values() for shape in each.shapes}
        used = {name for name in named if not means_no_class(name)}
        if options.classes:
            names, values = options.classes.names, options.classes.colours
            if lacking := sorted(used - set(names)):
                raise DataError(f'Shapes in {path} have the classes {first_few(lacking)}, which were not named by '
                                '--classes: add them there.')
            classes = dict(zip(names, map(_colour, values), strict=True)) if values else dict.fromkeys(names)
            classes = {name: colour for name, colour in classes.items() if not means_no_class(name)}
        else:
            classes = {name: colour for name, colour in listed.items() if name in used}
            classes |= dict.fromkeys(sorted(used - classes.keys()))
            unused = [name for name in listed if name not in named and name != options.background]
            if unused := [name for name in unused if not means_no_class(name)]:
                self.remarks.append(f'Left out, because no shape has them: the classes {first_few(unused)}. A file of '
                                    'classes (--classes) keeps all that it names.')
        if not means_no_class(options.background):
            # the darkest gray that is none of the colours
            gray = next((value,) * 3 for value in range(256) if (value,) * 3 not in classes.values())
            self.has_fill = options.background not in classes
            classes.setdefault(options.background, gray)
        self.classes = list(classes)
        colours = [colour for colour in classes.values() if colour]
        self.palette = colours if len(colours) == len(classes) else None
        self._index = dict.fromkeys(named, UNKNOWN) | {name: index for index, name in enumerate(classes)}
        self._background = self._index.get(options.background, UNKNOWN)


def _colour(values: Sequence[int]) -> Colour | None:
    return values[0], values[1], values[2]


def _split_of(path: Path, file: Path, export: Export) -> str | None:
    """The split that the folders of a file speak of; or the file's own name, unless it is but that of a photo."""
    below = file.relative_to(path) if path.is_dir() else Path(file.name)
    return split_of_path((below if len(export.drawn) > 1 else below.parent).as_posix())


def _check_twins(drawn: Sequence[Drawn], photos: Sequence[Path]) -> None:
    by_photo: dict[Path, Drawn] = {}
    for each, photo in zip(drawn, photos, strict=True):
        other = by_photo.setdefault(photo, each)
        if other is not each:
            raise DataError(f'{other.place} and {each.place} both label {photo}: name one of them as the source, or '
                            'remove one.')


def _size(drawn: Drawn, photo: Path) -> Size:
    """Height and width of what was drawn on, which is the photo as it is shown, or as its file stores it."""
    shown = read_size(str(photo))
    if drawn.size in (None, shown):
        return shown
    with open_picture(str(photo)) as image:
        stored = image.height, image.width
    if drawn.size == stored:
        return stored
    raise DataError(f'{photo} is {shown[0]}x{shown[1]} pixels (height x width), but {drawn.place} was drawn on '
                    f'{drawn.size[0]}x{drawn.size[1]}: name the folder of the photos that were labelled by --photos.')

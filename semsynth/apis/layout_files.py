"""Layouts in files and folders."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from semsynth.data.files import find_by_stem, stem_of
from semsynth.data.pairing import WORDS
from semsynth.data.pictures import MAP_SUFFIXES
from semsynth.data.scene_dataset import SceneDataset
from semsynth.errors import DataError, first_few


@dataclass
class LayoutFile:
    """A layout in files.

    Args:
        name: what its results are called.
        label: path of the label map, in the data set's ids; or of the image-like input, or of the photo whose edges are
            one, where the data set has such.
        instance: path of the instance map, or None.
        photo: path of a photo that gives its styles or its latent, or None.
    """

    name: str
    label: str
    instance: str | None = None
    photo: str | None = None


def files_of(layouts: Iterable[LayoutFile]) -> list[str]:
    """The paths of all files of some layouts."""
    return [path for layout in layouts for path in (layout.label, layout.instance, layout.photo) if path]


def places_of(layouts: Iterable[LayoutFile]) -> set[str]:
    """All files of some layouts, and the folders below which they have the layouts' names."""
    places = set()
    for layout in layouts:
        depth = layout.name.count('/')
        for path in map(Path, files_of([layout])):
            places.add(str(path))
            if depth < len(path.parents) and path.relative_to(path.parents[depth]).as_posix().startswith(layout.name):
                places.add(str(path.parents[depth]))
    return places


def find_layouts(dataset: SceneDataset, inputs: Iterable[str | Path]) -> list[tuple[LayoutFile, Path]]:
    """The layouts in files and folders, each with the folder that it was looked for in.

    Args:
        dataset: whose endings the files have.
        inputs: label maps (image-like inputs, or photos whose edges are such, as the data set has them), or folders
            that hold some.

    Raises:
        DataError: there are none, or two have one name.
    """
    suffixes, what = dataset.suffixes[dataset.layout_kind], WORDS[dataset.layout_kind]
    found = []
    for source in map(Path, inputs):
        if source.is_dir():
            found += [(LayoutFile(name, path), source) for name, paths in find_by_stem(source, suffixes).items()
                      for path in paths]
        elif source.is_file():
            name = stem_of(source.name, suffixes) or source.stem
            found.append((LayoutFile(name, str(source)), source.parent))
        else:
            raise DataError(f'There is no {what} {source}.')
    if not found:
        raise DataError(f'There are no {what}s in {", ".join(map(str, inputs))}: they end in {", ".join(suffixes)}.')
    if twins := [name for name, count in Counter(layout.name for layout, _ in found).items() if count > 1]:
        raise DataError(f'{len(twins)} names stand for more than one {what} ({first_few(twins)}), and so would their '
                        'results: synthesise them one folder at a time.')
    return found


def instances_of(dataset: SceneDataset, folder: Path) -> Path:
    """The folder of the instance maps of the label maps in a folder: the same, or, where the label maps are the data
    set's own, and it has another folder for their instance maps, that one."""
    labels, instances = (dataset.folders.get(kind) for kind in ('label', 'instance'))
    if labels is None or instances is None or labels == instances:
        return folder
    own, place = Path(labels).resolve(), folder.resolve()
    return Path(instances, place.relative_to(own)) if place.is_relative_to(own) else folder


class Beside:
    """Files of another kind that belong to layouts; each folder is listed once.

    Args:
        dataset: whose endings the files have.
        kind: ``'instance'`` or ``'photo'``.
    """

    def __init__(self, dataset: SceneDataset, kind: str):
        self.suffixes = tuple(dataset.suffixes.get(kind, MAP_SUFFIXES))
        if kind == 'instance':  # ids that need 32 bits
            self.suffixes += tuple(f'{end[:-4]}.tif' for end in self.suffixes if end.endswith('.png'))
        self._listed: dict[Path, dict[str, list[str]]] = {}

    def find(self, layout: LayoutFile, folder: Path) -> str | None:
        """The file in a folder that has the layout's name, or None."""
        place = folder / layout.name
        if place.parent not in self._listed:
            self._listed[place.parent] = find_by_stem(place.parent, self.suffixes, deep=False)
        files = self._listed[place.parent].get(place.name, [])
        return next((path for path in files if Path(path) != Path(layout.label)), None)

    def expected(self, layout: LayoutFile, folder: Path) -> Path:
        """The path at which that file is looked for first."""
        return folder / f'{layout.name}{self.suffixes[0]}'

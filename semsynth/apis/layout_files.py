"""Layouts in files and folders."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from semsynth.data.files import find_by_stem, stem_of
from semsynth.data.layout_reader import SUFFIXES, LayoutReader
from semsynth.data.pairing import WORDS
from semsynth.errors import DataError, first_few

LOSSY = ('.jpg', '.jpeg', '.webp')
"""Endings of pictures whose compression changes ids."""


@dataclass
class LayoutFile:
    """A layout in files.

    Args:
        name: what its results are called.
        label: path of the label map, in the data set's ids; or of the image-like input, or of the photo whose edges are
            one, where the data set has such.
        instance: path of the instance map, or None.
        photo: path of its own photo, which gives its styles and its latent, or None.
        look: path of any photo, which gives its latent alone, or None.
    """

    name: str
    label: str
    instance: str | None = None
    photo: str | None = None
    look: str | None = None


def plain_suffixes(kind: str) -> tuple[str, ...]:
    """The endings of any file of a kind; of maps, those of formats that keep ids."""
    return tuple(end for end in SUFFIXES[kind] if kind not in ('label', 'instance') or end not in LOSSY)


def files_of(layouts: Iterable[LayoutFile]) -> list[str]:
    """The paths of all files of some layouts."""
    return [path for layout in layouts for path in (layout.label, layout.instance, layout.photo, layout.look)
            if path]


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


def find_layouts(reader: LayoutReader, inputs: Iterable[str | Path]) -> list[tuple[LayoutFile, Path]]:
    """The layouts in files and folders, each with the folder that it was looked for in.

    Args:
        reader: whose endings the files have.
        inputs: label maps (image-like inputs, or photos whose edges are such, as the data set has them), or folders
            that hold some. In a folder where none ends as the data set's do, all pictures count.

    Raises:
        DataError: there are none, or two have one name.
    """
    suffixes, plain, what = reader.suffixes[reader.kind], plain_suffixes(reader.kind), WORDS[reader.kind]
    found = []
    for source in map(Path, inputs):
        if source.is_dir():
            files = find_by_stem(source, suffixes) or find_by_stem(source, plain)
            found += [(LayoutFile(name, path), source) for name, paths in files.items() for path in paths]
        elif source.is_file():
            name = stem_of(source.name, suffixes) or source.stem
            found.append((LayoutFile(name, str(source)), source.parent))
        else:
            raise DataError(f'There is no {what} {source}: name a file, or a folder of {what}s.')
    if not found:
        raise DataError(f'There are no {what}s in {", ".join(map(str, inputs))}: they end in '
                        f'{", ".join(dict.fromkeys((*suffixes, *plain)))}.')
    if twins := [name for name, count in Counter(layout.name for layout, _ in found).items() if count > 1]:
        raise DataError(f'{len(twins)} names stand for more than one {what} ({first_few(twins)}), and so would their '
                        'results: synthesise them one folder at a time.')
    return found


def add_instances(reader: LayoutReader, found: Iterable[tuple[LayoutFile, Path]], folder: str | Path | None = None,
                  optional: bool = False) -> None:
    """Give layouts their instance maps.

    Args:
        reader: whose endings the files have.
        found: by ``find_layouts``.
        folder: of the instance maps; by default beside the label maps, or, where these are the data set's own, its
            folder of instance maps.
        optional: whether some may have none; otherwise either all have one, or, without a folder, none.

    Raises:
        DataError: a layout has none.
    """
    beside, lacking, found = Beside(reader, 'instance', bool(folder)), [], list(found)
    for layout, place in found:
        place = Path(folder or instances_of(reader, place))
        layout.instance = beside.find(layout, place)
        if layout.instance is None:
            lacking.append((layout, beside.expected(layout, place)))
    if lacking and not optional and (folder or len(lacking) < len(found)):
        layout, expected = lacking[0]
        what = f'{layout.label} has none' if folder or len(found) == 1 else (
            f'{len(lacking)} of the {len(found)} layouts have none, such as {layout.label}')
        way_out = '' if expected == Path(layout.label) else f'there is no {expected}; put it there, or '
        raise DataError(f'The model reads instance maps, but {what}: {way_out}name the folder of the instance maps '
                        'with --instances.')


def add_photos(reader: LayoutReader, found: Iterable[tuple[LayoutFile, Path]], place: Path, latents: bool) -> None:
    """Give layouts their photos.

    Args:
        reader: whose endings the files have.
        found: by ``find_layouts``.
        place: folder of the photos of the layouts; or one photo, which gives the latent of all.
        latents: whether the model takes latents from photos.

    Raises:
        DataError: a layout has none.
    """
    if place.is_file() and latents:
        for layout, _ in found:
            layout.look = str(place)
        return
    if not place.exists():
        one = 'one photo, or ' if latents else ''
        raise DataError(f"There is no {place} to take photos from: name {one}the folder of the layouts' photos.")
    beside = Beside(reader, 'photo', apart=True)
    for layout, _ in found:
        layout.photo = beside.find(layout, place)
        if layout.photo is None:
            raise DataError(f'{layout.label} has no photo to take {"a latent" if latents else "styles"} from: there is '
                            f'no {beside.expected(layout, place)}.')


def instances_of(reader: LayoutReader, folder: Path) -> Path:
    """The folder of the instance maps of the label maps in a folder.

    It is the same folder, or, where the data set has another one for them: that one, if the label maps are its own;
    else one of its name that lies as there, if there is such a folder: ``mine/instances/day`` for ``mine/labels/day``.
    """
    labels, instances = (reader.folders.get(kind) for kind in ('label', 'instance'))
    if labels is None or instances is None or labels == instances:
        return folder
    own, place = Path(labels).resolve(), folder.resolve()
    if place.is_relative_to(own):
        return Path(instances, place.relative_to(own))
    renamed = [names for names in zip(Path(labels).parts, Path(instances).parts, strict=False) if len(set(names)) > 1]
    if len(renamed) != 1 or len(Path(labels).parts) != len(Path(instances).parts):
        return folder
    [(theirs, other)] = renamed
    parts = folder.parts if theirs in folder.parts else folder.absolute().parts
    if theirs not in parts:
        return folder
    innermost = len(parts) - 1 - parts[::-1].index(theirs)
    likewise = Path(*parts[:innermost], other, *parts[innermost + 1:])
    return likewise if likewise.is_dir() else folder


class Beside:
    """Files of another kind that belong to layouts; each folder is listed once.

    Args:
        reader: whose endings the files have.
        kind: ``'instance'`` or ``'photo'``.
        apart: whether their folder holds no others, so that plain names will do where the data set has its own endings.
    """

    def __init__(self, reader: LayoutReader, kind: str, apart: bool = False):
        self.suffixes = reader.suffixes[kind] + (plain_suffixes(kind) if apart else ())
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

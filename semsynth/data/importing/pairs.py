"""Photos and label maps in the folders of a source, told apart and paired by their names."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from unicodedata import normalize

from semsynth.data.files import list_files
from semsynth.data.importing.base import ImportOptions
from semsynth.data.pictures import MAP_SUFFIXES, PHOTO_SUFFIXES
from semsynth.errors import DataError, counted, first_few

FOLDERS = dict(
    none=('visualization', 'visualisation', 'vis', 'viz', 'overlay', 'overlays', 'preview', 'thumbnails'),
    instance=('segmentationobject', 'object', 'objects', 'instance', 'instances', 'instanceids'),
    label=('masks', 'mask', 'labels', 'label', 'labelids', 'annotations', 'annotation', 'annot', 'ann', 'anns', 'gt',
           'groundtruth', 'segmentation', 'segmentations', 'seg', 'segs', 'segmentationclass', 'labelmaps', 'targets'),
    photo=('images', 'image', 'imgs', 'img', 'jpegimages', 'photos', 'photo', 'pictures', 'rgb', 'frames', 'inputs'))
"""Words in the names of folders, by kind of file; where there are several, as in ``label_images``, the first kind."""
ENDS = dict(
    instance=('instance', 'instances', 'instanceids'),
    label=('mask', 'masks', 'label', 'labels', 'labelids', 'seg', 'segmentation', 'gt', 'annotation', 'fuse'),
    photo=('image', 'img', 'photo', 'rgb', 'sat'))
"""Words that end the names of files, as in ``NAME_mask.png``, by kind."""
ONLY_IN_FOLDERS = dict(label=('l',))
"""Further ones, where the folder says the kind: CamVid has ``NAME_L.png``."""
PICTURES = tuple(dict.fromkeys((*PHOTO_SUFFIXES, *MAP_SUFFIXES)))
_LAST_WORD = re.compile(r'(?P<stem>.*[^_\-. ])[_\-. ]+(?P<word>[a-z]+)', re.I)
SPLITS = dict(train='train', training='train', val='val', valid='val', validation='val', test='test', testing='test')
"""Words in the names of folders, by split."""
_KNOWN = {word for words in FOLDERS.values() for word in words}
_GLOB = {'**/': '((?:.*/)?)', '**': '(.*)', '*': '([^/]*)', '?': '([^/])'}
Found = dict[str, dict[str, list[Path]]]
"""Paths by kind and key; what has one key belongs together."""


@dataclass(frozen=True)
class Pair:
    """The files of a scene, and the split in which they lie."""

    photo: Path
    label: Path
    instance: Path | None = None
    split: str | None = None


def find_pairs(root: Path, options: ImportOptions) -> tuple[dict[str, Pair], list[str]]:
    """The scenes of a folder by name, and sentences on photos that have no label map.

    Photos and label maps are told apart by the names of their folders or by how their own names end, or as the options
    say. What tells neither is a photo.

    Raises:
        DataError: there are none, label maps have no photo, or a name stands for several files.
    """
    found: Found = dict(photo=defaultdict(list), label=defaultdict(list), instance=defaultdict(list))
    given = {kind: place for kind, place in dict(photo=options.photos, label=options.labels).items() if place}
    for kind, place in given.items():
        for path, key in chosen(root, place):
            found[kind][key].append(path)
    taken = {path for files in found.values() for paths in files.values() for path in paths}
    for name in sorted(filter(_is_picture, list_files(root))):
        kind, key = kind_of(PurePosixPath(name))
        if kind in found and kind not in given and root / name not in taken:
            found[kind][key].append(root / name)
    if not found['label'] and not given:
        _take_png_of_twins(found)
    return _paired(root, found)


def has_label_maps(root: Path) -> bool:
    """Whether a folder holds pictures that are label maps by their names."""
    return any(kind_of(PurePosixPath(name))[0] == 'label' for name in list_files(root) if _is_picture(name))


def kind_of(path: PurePosixPath) -> tuple[str, str]:
    """The kind of a picture, and its key: its path without the folder's word for the kind, and without an ending."""
    folders, kind = list(path.parts[:-1]), None
    for place in reversed(range(len(folders))):
        if kind := _kind_of_folder(folders[place]):
            folders[place] = split_of(folders[place]) or ''
            break
    stem = _without_ending(path.name)
    return kind or _split_end(stem, None)[1] or 'photo', '/'.join(filter(None, (*folders, stem)))


def chosen(root: Path, place: str) -> list[tuple[Path, str]]:
    """The pictures that a user names, each with its key: what the wildcards stand for.

    Args:
        root: of the source.
        place: a folder, a glob such as ``'masks/*_mask.png'``, or one file; below the source, or from the current
            folder.

    Raises:
        DataError: there are no such pictures.
    """
    parts = PurePosixPath(place).parts
    fixed = next((number for number, part in enumerate(parts) if set(part) & {'*', '?'}), len(parts))
    glob = '/'.join(parts[fixed:])
    for base in (root.joinpath(*parts[:fixed]), Path(*parts[:fixed])):
        if not glob and base.is_file() and _is_picture(base.name):
            return [(base, normalize('NFC', _without_ending(base.name)))]
        pictures = [name for name in sorted(list_files(base)) if _is_picture(name)]
        if glob:
            matches = [(name, _wild(glob).fullmatch(name)) for name in pictures]
            keys = {name: '/'.join(filter(None, (part.strip('/') for part in match.groups())))
                    for name, match in matches if match}
        else:
            keys = {name: _without_ending(name) for name in pictures}
        if keys:
            return [(base / name, normalize('NFC', key)) for name, key in keys.items()]
    raise DataError(f'There are no pictures {place}, neither below {root} nor from the current folder: name a folder '
                    "of them, or a glob such as 'masks/*_mask.png' (in quotes).")


def _wild(glob: str) -> re.Pattern:
    """A glob as a regular expression with a group for each wildcard, but for that of the ending."""
    glob, ending = (glob[:-2], r'\.[^./]*') if glob.endswith('.*') else (glob, '')
    if glob.endswith('*') and not ending:
        ending = r'\.[^./]*'
    parts = re.split(r'(\*\*/|\*\*|\*|\?)', glob)
    return re.compile(''.join(_GLOB.get(part, re.escape(part)) for part in parts) + ending)


def _is_picture(name: str) -> bool:
    return name.lower().endswith(PICTURES)


def _words(folder: str) -> list[str]:
    """The words in the name of a folder: ``train_labels``, ``trainLabels`` and ``trainlabels`` are two."""
    words = []
    for word in map(str.lower, re.findall('[A-Z]?[a-z]+|[A-Z]+(?![a-z])', folder)):
        split = next((split for split in SPLITS if word.startswith(split) and word.removeprefix(split) in _KNOWN), None)
        words += [split, word.removeprefix(split)] if split else [word]
    return words


def _kind_of_folder(name: str) -> str | None:
    words = set(_words(name))
    return next((kind for kind, known in FOLDERS.items() if words & set(known)), None)


def split_of(folder: str) -> str | None:
    """The split that a folder is called after: ``train_labels``, but not ``train_station``."""
    words = _words(folder)
    splits = [SPLITS[word] for word in words if word in SPLITS]
    return splits[0] if splits and _KNOWN.issuperset(set(words) - SPLITS.keys()) else None


def _without_ending(name: str) -> str:
    while _is_picture(name):  # NAME.jpg.png, too
        name = name[:name.rindex('.')]
    return normalize('NFC', name)


def _split_end(stem: str, kind: str | None) -> tuple[str, str | None]:
    """A stem without the last word that tells the kind of the file, and that kind; the same and None without such."""
    ends = ENDS if kind is None else {kind: (*ENDS[kind], *ONLY_IN_FOLDERS.get(kind, ()))}
    match = _LAST_WORD.fullmatch(stem)
    told = match and next((each for each, words in ends.items() if match['word'].lower() in words), None)
    return (_without_ending(match['stem']), told) if match and told else (stem, None)


def _without_end(key: str, kind: str) -> str:
    return (PurePosixPath(key).parent / _split_end(PurePosixPath(key).name, kind)[0]).as_posix()


def _name_alone(key: str, kind: str) -> str:
    return PurePosixPath(_without_end(key, kind)).name


def _take_png_of_twins(found: Found) -> None:
    """Where label maps are told from photos by nothing but their ending, as in ``NAME.jpg`` and ``NAME.png``."""
    for key, paths in found['photo'].items():
        maps = [path for path in paths if path.suffix.lower() == '.png']
        if len(paths) == 2 and len(maps) == 1:
            found['label'][key], found['photo'][key] = maps, [path for path in paths if path not in maps]


def _paired(root: Path, found: Found) -> tuple[dict[str, Pair], list[str]]:
    ways = [{kind: _rekeyed(files, kind, by) for kind, files in found.items()}
            for by in (lambda key, kind: key, _without_end, _name_alone)]
    best = max(ways, key=lambda way: len(way['label'].keys() & way['photo'].keys()))  # the first of equals
    photos, labels, instances = best['photo'], best['label'], best['instance']
    if not labels or not photos:
        what, option = ('label maps', '--labels') if not labels else ('photos', '--photos')
        raise DataError(
            f'{root} holds {counted(sum(map(len, photos.values())), "photo")} and '
            f'{counted(sum(map(len, labels.values())), "label map")}, as far as the names of folders and files tell: '
            f"name the {what} by {option} FOLDER, or by a glob such as {option} 'masks/*_mask.png'.")
    if lonely := [paths[0] for key, paths in labels.items() if key not in photos]:
        raise DataError(f'{len(lonely)} of {len(labels)} label maps have no photo of their name ({first_few(lonely)}): '
                        f'add the photos, remove these label maps, or say which files belong together, such as '
                        "--photos 'photos/*.jpg' --labels 'masks/*_mask.png'.")
    for files in (photos, labels, instances):
        for key in labels:
            if len(paths := files.get(key, ())) > 1:
                raise DataError(f'{first_few(paths)} have one name, {key}: say which are meant, by --photos and '
                                '--labels, each a folder or a glob.')
    pairs = {key: Pair(photos[key][0], paths[0], next(iter(instances.get(key, ())), None), _split(root, paths[0]))
             for key, paths in labels.items()}
    left_out = sorted(photos.keys() - labels.keys())
    remarks = [f'{counted(len(left_out), "photo")} without a label map ({first_few(left_out)}): left out.']
    return _without_splits(pairs), remarks if left_out else []


def _split(root: Path, path: Path) -> str | None:
    """The split that the innermost folder says, below the source."""
    folders = (path.relative_to(root) if path.is_relative_to(root) else path).parts[-2::-1]
    return next(filter(None, map(split_of, folders)), None)


def _rekeyed(files: dict[str, list[Path]], kind: str, by: Callable[[str, str], str]) -> dict[str, list[Path]]:
    keyed: dict[str, list[Path]] = defaultdict(list)
    for key, paths in files.items():
        keyed[by(key, kind)] += paths
    return dict(keyed)


def _without_splits(pairs: dict[str, Pair]) -> dict[str, Pair]:
    """The same without folders of splits in the names, as far as these stay different."""
    short = {key: '/'.join(part for part in key.split('/') if split_of(part) is None) or key for key in pairs}
    count = Counter(short.values())
    return {short[key] if count[short[key]] == 1 else key: pair for key, pair in pairs.items()}

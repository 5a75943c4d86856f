"""Images that somebody has made of a data set's layouts, by whatever means: found in a folder, and paired by name."""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from semsynth.data.files import find_by_stem, list_files
from semsynth.data.pairing import Pairing
from semsynth.data.pictures import PHOTO_SUFFIXES, read_photo
from semsynth.errors import DataError, check_folder, counted, first_few

EDGE = '_edge'
"""What ends the names of edge maps, which ``semsynth synthesize`` writes beside its images."""


@dataclass(frozen=True)
class GivenImages:
    """The images of a folder that belong to layouts.

    Args:
        folder: as given.
        paths: the image of each layout, by the layout's name.
        surplus: images that belong to no layout, by their names without ending.
        sizes: how many images there are of each height and width.
        hash: the first 16 digits of the SHA-256 of the layouts' names and the files' bytes.
    """

    folder: str
    paths: Mapping[str, str]
    surplus: Sequence[str]
    sizes: Mapping[tuple[int, int], int]
    hash: str


def find_given_images(folder: str | Path, names: Sequence[str], endings: Sequence[str] = ()) -> GivenImages:
    """Find the image of each layout, and read every one of them whole.

    An image is called like its layout, in the same subfolder; or, where no two layouts share their last name, in any.
    Its ending is that of a picture, or one of ``endings``.

    Args:
        folder: of the images, with subfolders or none.
        names: of the layouts, without endings.
        endings: further ends of names that do not count, such as ``'_leftImg8bit.png'``.

    Raises:
        DataError: a layout has no image or more than one, or an image cannot be read; a sentence for all of a kind,
            with their number and the first of them, and all kinds at once.
    """
    check_folder(folder, 'the images')
    found = find_by_stem(folder, (*PHOTO_SUFFIXES, *endings))
    if not found:
        held = Counter(Path(name).suffix for name in list_files(folder))
        raise DataError(f'{folder} holds no image: it should hold files that end in {first_few(PHOTO_SUFFIXES, 9)}, '
                        f'but ' + (f'it holds files that end in {first_few(list(held))}.' if held else 'it is empty.'))
    stems = _stems_of(names, found)
    lacking = [name for name in names if name not in stems]
    used = set(stems.values())
    surplus = [stem for stem in found if stem not in used and not (
        stem.endswith(EDGE) and stem.removesuffix(EDGE) in used)]
    problems = []
    if lacking:
        problems.append(f'{_of(lacking, names)} no image in {folder} ({first_few(lacking)}): '
                        f'{_reason(lacking, surplus, found)}.')
    if twins := [found[stem] for stem in stems.values() if len(found[stem]) > 1]:
        problems.append(f'{_of(twins, names)} more than one image '
                        f'({first_few([" and ".join(paths) for paths in twins])}): keep one of each.')
    paths = {name: found[stem][0] for name, stem in stems.items()}
    sizes, digest, unread = _read_all(paths)
    if unread:
        problems.append(f'{len(unread)} of {counted(len(paths), "image")} cannot be judged, the first of them: '
                        f'{unread[0]}')
    if problems:
        raise DataError(' '.join(problems))
    return GivenImages(str(folder), paths, surplus, sizes, digest)


def _of(some: Sequence, names: Sequence[str]) -> str:
    """``1 of 9 layouts has``, ``2 of 9 layouts have``."""
    return f'{len(some)} of {counted(len(names), "layout")} {"has" if len(some) == 1 else "have"}'


def _stems_of(names: Sequence[str], found: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """The image of each layout that has one, both by their names without endings."""
    exact = {name: name for name in names if name in found}
    if len(exact) == len(names):
        return exact
    by_last: dict[str, list[str]] = {}
    for stem in found:
        by_last.setdefault(_last(stem), []).append(stem)
    alone = Counter(map(_last, names))
    return {name: near[0] for name in names
            if (near := [name] if name in exact else by_last.get(_last(name), [])) and (
                name in exact or alone[_last(name)] == len(near) == 1)}


def _last(name: str) -> str:
    return PurePosixPath(name).name


def _reason(lacking: Sequence[str], surplus: Sequence[str], found: Mapping[str, Sequence[str]]) -> str:
    """Why layouts have no image, as far as names tell, and what to do."""
    if case := Pairing.other_case(list(map(_last, lacking)), list(map(_last, surplus))):
        return case
    for name in map(_last, lacking):
        if longer := sorted((Path(found[stem][0]).name for stem in surplus if _last(stem).startswith(name)), key=len):
            return (f'{longer[0]} seems to belong to {name}; if so, say what ends such names, with --ending '
                    f'{longer[0].removeprefix(name)}')
    others = (f'; {counted(len(surplus), "image")} there {"has" if len(surplus) == 1 else "have"} other names '
              f'({first_few(surplus)})' if surplus else '')
    add = 'add it, called like its layout' if len(lacking) == 1 else 'add them, each called like its layout'
    return (f'{add}, as semsynth synthesize does, or judge fewer layouts, with --cfg-options '
            f'test_dataloader.dataset.indices=NUMBER{others}')


def _read_all(paths: Mapping[str, str]) -> tuple[dict[tuple[int, int], int], str, list[DataError]]:
    """The sizes, the hash, and what is wrong with images that cannot be read."""
    def read(path: str) -> tuple[tuple[int, int], bytes] | DataError:
        try:
            height, width = read_photo(path).shape[:2]
            return (height, width), hashlib.sha256(Path(path).read_bytes()).digest()
        except DataError as error:
            return error

    with ThreadPoolExecutor(os.cpu_count()) as pool:  # decoders release the interpreter's lock
        results = list(pool.map(read, paths.values()))
    whole, sizes = hashlib.sha256(), Counter[tuple[int, int]]()
    for name, result in zip(paths, results, strict=True):
        if not isinstance(result, DataError):
            sizes[result[0]] += 1
            whole.update(name.encode() + b'\0' + result[1])
    return dict(sizes), whole.hexdigest()[:16], [result for result in results if isinstance(result, DataError)]

"""Resized copies of data sets: the note on how a copy was resized, and a check against resizing it again."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from itertools import dropwhile
from pathlib import Path

from mmcv.transforms import BaseTransform

from semsynth.data.transforms import KeepFullSize, LoadInstances, LoadLabel, LoadPhoto, LoadRaw, ResizeScene
from semsynth.errors import DataError
from semsynth.writing import write_json

NOTE = 'resized.json'
LOADING: dict[str, type[BaseTransform]] = dict(photo=LoadPhoto, label=LoadLabel, instance=LoadInstances, raw=LoadRaw)
"""What loads each kind of file that a copy has, the photo first."""
Size = Mapping
"""``scale`` and ``keep_ratio``, as ResizeScene takes them."""


def read_note(root: str | Path) -> dict[str, Size]:
    """Sizes in a copy by folder of layouts, such as ``gtFine/train``; nothing where ``root`` is no copy.

    Raises:
        DataError: the note cannot be read.
    """
    note = Path(root, NOTE)
    if not note.is_file():
        return {}
    try:
        return {folder: dict(scale=tuple(size['scale']), keep_ratio=size['keep_ratio'])
                for folder, size in json.loads(note.read_text(encoding='utf-8')).items()}
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise DataError(f'{note} is not as semsynth prepare resize writes it ({error!r}): make the copy again, in an '
                        'empty folder.') from None


def write_note(root: str | Path, sizes: Mapping[str, Size]) -> None:
    """Write the note of a copy."""
    write_json(Path(root, NOTE), sizes)


def size_of(resize: ResizeScene) -> Size:
    """What decides to which size a transform brings a scene."""
    return dict(scale=tuple(resize.scale), keep_ratio=resize.keep_ratio)


def in_words(size: Size) -> str:
    """A size as height x width, such as ``256x512``, or ``...x512`` where the height follows from the width."""
    sides = 'x'.join('...' if side is None else str(side) for side in reversed(size['scale']))
    return f'what fits into {sides}' if size['keep_ratio'] else sides


def loaded_late(transforms: Sequence) -> list[str]:
    """Names of the transforms that load after resizing, so that theirs keeps its size."""
    rest = dropwhile(lambda part: not isinstance(part, ResizeScene), transforms)
    return [type(part).__name__ for part in rest if isinstance(part, tuple(LOADING.values()))]


def copy_misread(root: str | Path, folder: str, transforms: Sequence) -> str | None:
    """The sentence about a copy from which a pipeline gives other pixels than from the original.

    Args:
        root: ``data_root``.
        folder: of the layouts, below ``root``.
        transforms: of the pipeline; without ResizeScene it may do as it likes.
    """
    size = read_note(root).get(folder)
    resize = next((part for part in transforms if isinstance(part, ResizeScene)), None)
    if size is None:
        return None
    copy, remedy = f'{Path(root, folder)} is a copy resized to {in_words(size)}', 'set data_root to the original data'
    if any(isinstance(part, KeepFullSize) for part in transforms):
        return f'{copy}, but full_size=True asks for label maps at the size that they were drawn at: {remedy}.'
    if resize is None:
        return None
    if late := loaded_late(transforms):
        return f'{copy}, but {late[0]} comes after ResizeScene, and expects files of the original size: {remedy}.'
    if size_of(resize) != size:
        return (f'{copy}, but the pipeline resizes to {in_words(size_of(resize))}: {remedy}, or to a copy that '
                'semsynth prepare resize makes with this config.')
    return None

"""What every source of an import is: the export of a labelling tool, read scene by scene."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from semsynth.data.class_files import ClassTable

UNKNOWN = -1
"""In a scene's label map: no class."""


@dataclass(frozen=True)
class ImportOptions:
    """What a user may say about a source; None and the defaults leave it to be found out.

    Args:
        photos: a folder of photos, or a glob of them such as ``'rgb/*.jpg'``; below the source, or absolute.
        labels: the same of label maps.
        classes: names of classes, perhaps with colours and numbers.
        background: the class of pixels that no shape covers.
        tolerance: how far a colour may be from a class's in each channel, 0 to 255.
    """

    photos: str | None = None
    labels: str | None = None
    classes: ClassTable | None = None
    background: str = 'background'
    tolerance: int = 8


@dataclass(frozen=True)
class ImportedScene:
    """A scene, with its label map in the source's classes.

    Args:
        name: what the scene's files are called, without an ending; perhaps with folders before it.
        photo: the file of its photo, which is copied as it is.
        label: ``(H, W)`` integers, the index of each pixel's class, ``UNKNOWN`` for none. Height and width are those of
            the photo, as it is shown or as its file stores it.
        instance: ``(H, W)`` integers, the number of each pixel's object, 0 for none; or None.
        remarks: what the user is told of the scene, such as ``{'polygons of fewer than 3 points, left out': 2}``: what
            was counted, and how often. The numbers of all scenes are added up, and the scenes are named.
    """

    name: str
    photo: Path
    label: np.ndarray
    instance: np.ndarray | None = None
    remarks: Mapping[str, int] = field(default_factory=dict)


class ImportSource:
    """Scenes that a labelling tool has exported. A subclass is one format.

    It lists its scenes and classes when it is built, and reads a scene when it is asked for it. Scenes are read by
    several threads at once, so that ``scene`` changes nothing of the source. It writes nothing.

    Args:
        path: the folder, or the file, that was exported.
        options: what the user says about it.

    Raises:
        DataError: the source is not what it seems, or holds no scenes.
    """

    format: str
    """The format's name, as ``--format`` takes it."""
    summary: str
    """What the format is, in a few words."""
    takes: frozenset[str] = frozenset()
    """The names of the ``ImportOptions`` that it heeds."""

    names: Sequence[str]
    """The names of its scenes."""
    classes: Sequence[str]
    """The names of its classes, by index; that of what is unknown is none of them."""
    has_fill: bool = False
    """Whether the last class is of pixels without a label alone, and nobody has named it: it is left out where all
    pixels have one."""
    palette: Sequence[tuple[int, int, int]] | None = None
    """A colour a class, or None."""
    splits: Mapping[str, str] = {}
    """The split that the source itself puts a scene in (``'train'``, ``'val'`` or ``'test'``), by name."""
    has_instances: bool = False
    """Whether its scenes have instance maps."""
    remarks: Sequence[str] = ()
    """Sentences on the source as a whole, such as on photos that nobody has labelled."""

    def __init__(self, path: Path, options: ImportOptions):
        raise NotImplementedError

    @classmethod
    def recognises(cls, path: Path) -> bool:
        """Whether a file or folder looks like this format; a quick look, which reads few files."""
        raise NotImplementedError

    def scene(self, name: str) -> ImportedScene:
        """Read a scene.

        Raises:
            DataError: it cannot be read; the message names the file.
        """
        raise NotImplementedError

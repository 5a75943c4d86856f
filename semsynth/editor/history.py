"""History: the edits before and after the current scene."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, cast

import cv2
import numpy as np

from semsynth.editor.scene import Kept, Scene, Style, check_feather

STORED_STEPS, STORED_PICTURES = 100, 4
"""Edits that a file can hold: so many, and of no more pixels together than this many pictures have."""
TYPES: Mapping[str, np.dtype] = dict(label=np.dtype('<u2'), instance=np.dtype('<i8'), edited=np.dtype(bool))
"""Of the maps in steps."""


class Rest(NamedTuple):
    """What a scene has beside its maps.

    Args:
        styles: of its objects.
        latent: of its look.
        feather: of the photo that it keeps.
    """

    styles: Mapping[int, Style]
    latent: Style | None
    feather: int | None

    @classmethod
    def of(cls, scene: Scene) -> Rest:
        """That of a scene."""
        return cls(scene.styles, scene.latent, None if scene.kept is None else scene.kept.feather)


@dataclass(frozen=True, eq=False)
class Step:
    """What turns a scene into the one before or after it.

    Args:
        box: left, top, width and height of the part in which the maps of the two differ.
        maps: that part of the other one's maps, by name, compressed.
        rest: the other one's; None where it is the same.
    """

    box: tuple[int, int, int, int]
    maps: Mapping[str, bytes]
    rest: Rest | None

    @classmethod
    def between(cls, scene: Scene, other: Scene) -> Step:
        """The step from a scene to another one, of the same size and photo."""
        ours, theirs = _maps(scene), _maps(other)
        differs = np.zeros(scene.label.shape, bool)
        for name, array in ours.items():
            if array is not theirs[name]:
                differs |= array != theirs[name]
        return cls._cut(other, tuple(cv2.boundingRect(differs.view(np.uint8))), scene)

    @classmethod
    def _cut(cls, other: Scene, box: tuple[int, ...], scene: Scene) -> Step:
        left, top, width, height = box
        part = np.s_[top:top + height, left:left + width]
        rest = Rest.of(other)
        maps = {name: _pack(array[part].astype(TYPES[name])) for name, array in _maps(other).items()}
        return cls((left, top, width, height), maps, None if rest == Rest.of(scene) else rest)

    def taken(self, scene: Scene) -> tuple[Scene, Step]:
        """The scene that it leads to, and the step back."""
        left, top, width, height = self.box
        maps = _maps(scene)
        if width:
            for name, array in maps.items():
                maps[name] = array.copy()
                maps[name][top:top + height, left:left + width] = _unpack(
                    self.maps[name], name).reshape(height, width)
        rest = self.rest or Rest.of(scene)
        kept = scene.kept and Kept(scene.kept.photo, maps['edited'], cast(int, rest.feather))
        other = Scene(maps['label'], maps['instance'], rest.styles, rest.latent, kept)
        return other, self._cut(scene, self.box, other)


class History:
    """The steps before and after the current scene, without limit.

    Args:
        past: the steps back, the newest last.
    """

    def __init__(self, past: Sequence[Step] = ()):
        self.past: list[Step] = list(past)
        self.future: list[Step] = []

    def push(self, left: Scene, entered: Scene) -> None:
        """Keep the scene before an edit; scenes that were undone are dropped."""
        self.past.append(Step.between(entered, left))
        self.future.clear()

    def undo(self, current: Scene) -> Scene:
        """The scene before the current one."""
        scene, back = self.past.pop().taken(current)
        self.future.append(back)
        return scene

    def redo(self, current: Scene) -> Scene:
        """The scene after the current one, which was undone."""
        scene, back = self.future.pop().taken(current)
        self.past.append(back)
        return scene


def to_arrays(past: Sequence[Step], scene: Scene) -> dict[str, np.ndarray]:
    """The newest of the steps that led to a scene, as arrays of an npz file."""
    areas = np.cumsum([width * height for _, _, width, height in (step.box for step in reversed(past))])
    count = min(int((areas <= STORED_PICTURES * scene.label.size).sum()), STORED_STEPS)
    steps = past[len(past) - count:]
    parts = {name: np.concatenate([np.zeros(0, TYPES[name]), *(_unpack(step.maps[name], name) for step in steps)])
             for name in _maps(scene)}
    rest = json.dumps([step.rest and step.rest._asdict() for step in steps]).encode()
    boxes = np.array([step.box for step in steps], np.int64).reshape(-1, 4)
    return dict(boxes=boxes, rest=np.frombuffer(rest, np.uint8), **parts)


def from_arrays(arrays: Mapping[str, np.ndarray], scene: Scene, classes: int) -> list[Step]:
    """The steps that ``to_arrays`` gave.

    Args:
        arrays: from a file.
        scene: the one that they led to.
        classes: number of classes.

    Raises:
        ValueError, KeyError, TypeError: the arrays do not fit each other or the scene.
    """
    boxes, (height, width) = arrays['boxes'], scene.label.shape
    if boxes.dtype.kind != 'i' or boxes.ndim != 2 or boxes.shape[1] != 4 or len(boxes) > STORED_STEPS or (
            (boxes < 0) | (boxes > max(height, width))).any() or (
            boxes[:, :2] + boxes[:, 2:] > (width, height)).any():
        raise ValueError(f'boxes of edits that do not lie in its layout, {width}x{height}')
    areas, parts = boxes[:, 2] * boxes[:, 3], {}
    for name in _maps(scene):
        if arrays[name].shape != (areas.sum(),) or arrays[name].dtype != TYPES[name]:
            raise ValueError(f'edits of {name} {arrays[name].shape} of {arrays[name].dtype}')
        parts[name] = np.split(arrays[name], np.cumsum(areas)[:-1])
    if not (arrays['label'] < classes).all():
        raise ValueError('edits with classes that it does not have')
    rests = [None if entry is None else _rest(**entry) for entry in json.loads(arrays['rest'].tobytes())]
    if any(rest and (rest.feather is None) != (scene.kept is None) for rest in rests):
        raise ValueError('edits of a photo, but none is kept' if scene.kept is None else 'edits of no photo')
    return [Step(tuple(box), {name: _pack(part[number]) for name, part in parts.items()}, rest)
            for number, (box, rest) in enumerate(zip(boxes.tolist(), rests, strict=True))]


def _rest(styles: Mapping[str, Sequence[float]], latent: Sequence[float] | None, feather: int | None) -> Rest:
    return Rest({int(key): tuple(map(float, style)) for key, style in styles.items()},
                None if latent is None else tuple(map(float, latent)),
                None if feather is None else check_feather(feather))


def _maps(scene: Scene) -> dict[str, np.ndarray]:
    maps = dict(label=scene.label, instance=scene.instance)
    return maps if scene.kept is None else maps | dict(edited=scene.kept.edited)


def _pack(array: np.ndarray) -> bytes:
    return zlib.compress(array.tobytes(), 1)


def _unpack(packed: bytes, name: str) -> np.ndarray:
    return np.frombuffer(zlib.decompress(packed), TYPES[name])

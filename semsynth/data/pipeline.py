"""A data set's pipeline: given, or composed of its size, flip and jitter; and what its other arguments add to it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import takewhile

import numpy as np

from semsynth.data.transforms import (
    CannyEdges,
    EdgesAsRaw,
    KeepFullSize,
    LoadEdges,
    LoadInstances,
    LoadLabel,
    LoadPhoto,
    LoadRaw,
    PackScene,
    PasteObjects,
    ResizeScene,
    ToSegmentorClasses,
)
from semsynth.errors import first_few
from semsynth.registry import TRANSFORMS

FIXED = (LoadPhoto, LoadLabel, LoadInstances, LoadRaw, ToSegmentorClasses, ResizeScene)
"""Transforms that do the same to a scene whenever it is read."""
Part = dict | Callable
"""A transform: its config, or the transform itself."""


def layout_kind(raw_channels: int | None = None, edges_as_raw: bool = False) -> str:
    """The kind of file that layouts are made from: ``'label'``, ``'raw'``, or ``'photo'`` for its edges."""
    return 'label' if raw_channels is None else 'photo' if edges_as_raw else 'raw'


def whole_pipeline(pipeline: Sequence[Part] | None = None, size: tuple[int | None, int | None] | None = None,
                   flip: float = 0.0, jitter: float | None = None, instances: bool = False,
                   edges: dict | None = None, raw_channels: int | None = None, edges_as_raw: bool = False,
                   class_map: str | Sequence[int] | None = None, full_size: bool = False, test_mode: bool = False,
                   paste: dict | None = None, **others) -> list[Part]:
    """Every transform that a data set's scenes go through.

    A transform that an argument asks for and that ``pipeline`` has already is not added again: a pipeline that this
    function has returned stays as it is.

    Args:
        pipeline: given transforms, in place of those that ``size``, ``flip`` and ``jitter`` stand for.
        size, flip, jitter, instances, edges, raw_channels, edges_as_raw, class_map, full_size, paste: as of
            ``SceneDataset``.
        test_mode: whether the data set is for tests: a segmentor is tested on labels at their own size.
        others: arguments of the data set that its pipeline does not depend on.

    Raises:
        ValueError: an argument needs a transform that is missing, ``edges`` has an unknown option, there is no size to
            flip or jitter at, objects are to be pasted into labels of a segmentor, or ``full_size`` meets a transform
            after which the label map on disk is no longer that of the scene.
    """
    layout = layout_kind(raw_channels, edges_as_raw)
    parts: list[Part] = list(pipeline) if pipeline is not None else _compose(
        layout, size, flip, jitter, class_map is not None, test_mode)
    if layout == 'raw' and parts:
        _after(LoadRaw, parts, 'raw_channels')
    if layout == 'photo' and parts:
        _after(LoadPhoto, parts, 'edges_as_raw')
        _add(EdgesAsRaw, parts, -1)
    if instances and _has(LoadLabel, parts):
        _add(LoadInstances, parts, _after(LoadLabel, parts, 'instances'))
    if class_map is not None:
        _add(ToSegmentorClasses, parts, _after(LoadLabel, parts, 'class_map'), class_map=class_map)
    if edges is not None:
        _add_edges(edges, parts)
    if paste is not None:
        _add_pasting(paste, class_map, parts)
    if full_size:
        _after(LoadLabel, parts, 'full_size')
        _check_nothing_moves(parts)
        last = max(place for place, part in enumerate(parts) if _is(part, LoadLabel, LoadPhoto))
        _add(KeepFullSize, parts, last + 1)
    return parts


def without_edges(parts: Sequence[Part]) -> list[Part]:
    """A pipeline without the transforms that layouts do not need: edge maps of photos, and what judges at full size."""
    return [part for part in parts if not _is(part, CannyEdges, LoadEdges, KeepFullSize)]


def photo_at_edges(transforms: Sequence, scene: dict) -> np.ndarray:
    """The photo of a scene, ``(H, W, 3)`` uint8 BGR, as it is where a pipeline loads the edge map.

    Raises:
        DataError: the photo cannot be read.
    """
    for part in takewhile(lambda part: not isinstance(part, LoadEdges), transforms):
        if isinstance(part, LoadPhoto | ResizeScene):
            scene = part(scene)
    return scene['img']


def _compose(layout: str, size: tuple[int | None, int | None] | None, flip: float, jitter: float | None,
             for_segmentor: bool, test_mode: bool) -> list[Part]:
    if size is None:
        if flip or jitter:
            raise ValueError(f'flip={flip} and jitter={jitter} of a data set without a size: set size=(HEIGHT, WIDTH), '
                             'or image_size in the config.')
        return []
    load = [dict(type='LoadPhoto'), dict(type='LoadLabel' if layout == 'label' else 'LoadRaw')]
    larger = [side and round(side * (jitter or 1)) for side in size]
    resize = [dict(type='ResizeScene', scale=tuple(larger[::-1]))]
    if jitter:
        resize.append(dict(type='mmseg.RandomCrop', crop_size=tuple(size)))
    if for_segmentor and test_mode:
        return [load[0], *resize, load[1], dict(type='mmseg.PackSegInputs')]
    flips = [dict(type='mmseg.RandomFlip', prob=flip)] if flip else []
    return [*load, *resize, *flips, dict(type='mmseg.PackSegInputs' if for_segmentor else 'PackScene')]


def _add_edges(edges: dict, parts: list[Part]) -> None:
    if strangers := set(edges) - {'folder', 'full_size'}:
        raise ValueError(f'edges={dict(edges)}: {first_few(sorted(strangers))} is no option; '
                         'edges takes folder and full_size.')
    place, full_size = _after(LoadPhoto, parts, 'edges'), edges.get('full_size', False)
    if 'folder' in edges:
        _add(LoadEdges, parts, place if full_size else _end_of_fixed(parts, place))
    else:
        _add(CannyEdges, parts, place if full_size else -1)


def _add_pasting(paste: dict, class_map: str | Sequence[int] | None, parts: list[Part]) -> None:
    if class_map is not None:
        raise ValueError(f'paste={dict(paste)} and class_map={class_map!r}: objects are pasted by the classes of the '
                         "data set, not by a segmentor's; drop one of the two.")
    for kind in LoadPhoto, LoadLabel:
        _after(kind, parts, 'paste')
    before = [place for place, part in enumerate(parts)
              if _is(part, *FIXED, LoadEdges) or _named(part) == 'mmseg.RandomCrop']
    _add(PasteObjects, parts, before[-1] + 1, **paste)


def _named(part: Part) -> str:
    return str(part.get('type')) if isinstance(part, dict) else type(part).__name__


def _add(kind: type, parts: list[Part], place: int, **arguments) -> None:
    if not _has(kind, parts):
        parts.insert(place, dict(type=kind.__name__, **arguments))


def _is(part: Part, *kinds: type) -> bool:
    if not isinstance(part, dict):
        return isinstance(part, kinds)
    kind = part.get('type')
    if isinstance(kind, str):  # where none has that name, building it says so
        kind = TRANSFORMS.get(kind) if kind in TRANSFORMS else None
    return isinstance(kind, type) and issubclass(kind, kinds)


def _has(kind: type, parts: Sequence[Part]) -> bool:
    return any(_is(part, kind) for part in parts)


def _check_nothing_moves(parts: Sequence[Part]) -> None:
    for part in parts:
        if not _is(part, *FIXED, CannyEdges, LoadEdges, KeepFullSize, PackScene):
            name = _named(part)
            raise ValueError(f'full_size=True, but the pipeline has {name}, after which the label map on disk need not '
                             'be that of the scene: take it out, or set full_size=False.')


def _end_of_fixed(parts: list[Part], start: int) -> int:
    return start + len(list(takewhile(lambda part: _is(part, *FIXED), parts[start:])))


def _after(kind: type, parts: Sequence[Part], argument: str) -> int:
    places = [place for place, part in enumerate(parts) if _is(part, kind)]
    if not places:
        raise ValueError(f'{argument} needs {kind.__name__} in the pipeline, which has '
                         f'{first_few([_named(part) for part in parts], 9) or "no transform"}.')
    return places[0] + 1

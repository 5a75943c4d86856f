"""What a data set's arguments add to its pipeline."""

from __future__ import annotations

from collections.abc import Sequence
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
    ResizeScene,
    ToSegmentorClasses,
)
from semsynth.errors import first_few

FIXED = (LoadPhoto, LoadLabel, LoadInstances, LoadRaw, ToSegmentorClasses, ResizeScene)
"""Transforms that do the same to a scene whenever it is read."""


def complete_pipeline(transforms: list, layout: str, instances: bool, edges: dict | None,
                      class_map: str | Sequence[int] | None, keep_full: bool = False) -> list:
    """Put the transforms that a data set's arguments ask for in their places.

    Args:
        transforms: of the config, built.
        layout: what layouts are made from: ``'label'``, ``'raw'``, or ``'photo'`` for its edges.
        instances, edges, class_map: as of :class:`~semsynth.data.scene_dataset.SceneDataset`.
        keep_full: its ``full_size``.

    Raises:
        ValueError: a transform that they go with is missing, ``edges`` has an unknown option, or ``keep_full`` meets a
            transform after which the label map on disk is no longer that of the scene.
    """
    if layout == 'raw' and transforms:
        _after(LoadRaw, transforms, 'raw_channels')
    if layout == 'photo' and transforms:
        _after(LoadPhoto, transforms, 'edges_as_raw')
        transforms.insert(-1, EdgesAsRaw())
    if instances and any(isinstance(part, LoadLabel) for part in transforms):
        transforms.insert(_after(LoadLabel, transforms, 'instances'), LoadInstances())
    if class_map is not None:
        transforms.insert(_after(LoadLabel, transforms, 'class_map'), ToSegmentorClasses(class_map))
    if edges is not None:
        if strangers := set(edges) - {'folder', 'full_size'}:
            raise ValueError(f'edges={dict(edges)}: {first_few(sorted(strangers))} is no option; '
                             'edges takes folder and full_size.')
        place, full_size = _after(LoadPhoto, transforms, 'edges'), edges.get('full_size', False)
        if 'folder' in edges:
            transforms.insert(place if full_size else _end_of_fixed(transforms, place), LoadEdges())
        else:
            transforms.insert(place if full_size else -1, CannyEdges())
    if keep_full:
        _after(LoadLabel, transforms, 'full_size')
        _check_nothing_moves(transforms)
        last = max(place for place, part in enumerate(transforms) if isinstance(part, LoadLabel | LoadPhoto))
        transforms.insert(last + 1, KeepFullSize())
    return transforms


def photo_at_edges(transforms: Sequence, scene: dict) -> np.ndarray:
    """The photo of a scene, ``(H, W, 3)`` uint8 BGR, as it is where a pipeline loads the edge map.

    Raises:
        DataError: the photo cannot be read.
    """
    for part in takewhile(lambda part: not isinstance(part, LoadEdges), transforms):
        if isinstance(part, LoadPhoto | ResizeScene):
            scene = part(scene)
    return scene['img']


def _check_nothing_moves(transforms: Sequence) -> None:
    for part in transforms:
        if not isinstance(part, (*FIXED, CannyEdges, LoadEdges, PackScene)):
            raise ValueError(f'full_size=True, but the pipeline has {type(part).__name__}, after which the label map '
                             'on disk need not be that of the scene: take it out, or set full_size=False.')


def _end_of_fixed(transforms: list, start: int) -> int:
    return start + len(list(takewhile(lambda part: isinstance(part, FIXED), transforms[start:])))


def _after(kind: type, transforms: list, argument: str) -> int:
    places = [place for place, part in enumerate(transforms) if isinstance(part, kind)]
    if not places:
        raise ValueError(f'{argument} needs {kind.__name__} in the pipeline, which has '
                         f'{first_few([type(part).__name__ for part in transforms], 9) or "no transform"}.')
    return places[0] + 1

"""What a data set's arguments add to its pipeline."""

from __future__ import annotations

from collections.abc import Sequence

from semsynth.data.files import first_few
from semsynth.data.transforms import (
    CannyEdges,
    EdgesAsRaw,
    LoadInstances,
    LoadLabel,
    LoadPhoto,
    LoadRaw,
    ToSegmentorClasses,
)


def complete_pipeline(transforms: list, layout: str, instances: bool, edges: dict | None,
                      class_map: str | Sequence[int] | None) -> list:
    """Put the transforms that a data set's arguments ask for in their places.

    Args:
        transforms: of the config, built.
        layout: what layouts are made from: ``'label'``, ``'raw'``, or ``'photo'`` for its edges.
        instances, edges, class_map: as of :class:`~semsynth.data.scene_dataset.SceneDataset`.

    Raises:
        ValueError: a transform that they go with is missing, or ``edges`` has an unknown option.
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
        if strangers := set(edges) - {'full_size'}:
            raise ValueError(f'edges={dict(edges)}: {first_few(sorted(strangers))} is no option; '
                             'edges takes full_size.')
        after_loading = _after(LoadPhoto, transforms, 'edges')
        transforms.insert(after_loading if edges.get('full_size', False) else -1, CannyEdges())
    return transforms


def _after(kind: type, transforms: list, argument: str) -> int:
    places = [place for place, part in enumerate(transforms) if isinstance(part, kind)]
    if not places:
        raise ValueError(f'{argument} needs {kind.__name__} in the pipeline, which has '
                         f'{first_few([type(part).__name__ for part in transforms], 9) or "no transform"}.')
    return places[0] + 1
